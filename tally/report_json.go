package tally

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/legible"
	"github.com/scrutin/scrutin/internal/wire"
)

// reportFormat names the members below. docs/spec/record.md, "The report as JSON".
const reportFormat = "scrutin/report/v1"

type reportFile struct {
	Aggregate      *wire.Hex32       `json:"aggregate,omitempty"`
	Boxes          []boxReport       `json:"boxes,omitempty"`
	Checkpoint     checkpointReport  `json:"checkpoint"`
	Checks         []checkReport     `json:"checks"`
	Conflicting    *uint64           `json:"conflicting,omitempty"`
	Counted        uint64            `json:"counted"`
	CountedWeight  uint64            `json:"countedWeight"`
	Election       ballot.ElectionID `json:"election"`
	Endorsements   trusteesReport    `json:"endorsements"`
	Format         string            `json:"format"`
	Invalid        uint64            `json:"invalid"`
	InvalidEntries []entryReport     `json:"invalidEntries"`
	Logged         uint64            `json:"logged"`
	Repeated       *uint64           `json:"repeated,omitempty"`
	Result         json.RawMessage   `json:"result,omitempty"`
	Roll           rollReport        `json:"roll"`
	SetUp          string            `json:"setUp"`
	Shares         trusteesReport    `json:"shares"`
	Stage          Stage             `json:"stage,omitempty"`
	Superseded     uint64            `json:"superseded"`
	Title          ballot.Text       `json:"title"`
	Valid          bool              `json:"valid"`
	Verdict        string            `json:"verdict"`
}

type checkpointReport struct {
	Closed bool       `json:"closed"`
	Root   wire.Hex32 `json:"root"`
	Size   uint64     `json:"size"`
}

type checkReport struct {
	Check  Check  `json:"check"`
	Reason string `json:"reason,omitempty"`
	Status string `json:"status"`
}

type entryReport struct {
	Index  uint64 `json:"index"`
	Reason string `json:"reason"`
}

type rollReport struct {
	SmallestClass classReport `json:"smallestClass"`
	Voters        uint64      `json:"voters"`
	Weight        uint64      `json:"weight"`
	Weighted      bool        `json:"weighted"`
}

type classReport struct {
	Members uint64 `json:"members"`
	Weight  uint64 `json:"weight"`
}

type trusteesReport struct {
	Needed   int   `json:"needed"`
	Trustees []int `json:"trustees"`
}

// status names what came of a check, as reports show it.
func (o outcome) status() string {
	switch {
	case o.err == nil:
		return "ok"
	case errors.Is(o.err, errSkipped):
		return errSkipped.Error()
	case errors.Is(o.err, errIncomplete):
		return errIncomplete.Error()
	}
	return "failed"
}

// WriteJSON writes the report for a program: one line of canonical JSON, whose members
// docs/spec/record.md describes. The same record gives the same bytes.
func (r *Report) WriteJSON(w io.Writer) error {
	if r == nil || r.manifest == nil {
		return r.Err()
	}
	f := reportFile{
		Checkpoint:     checkpointReport{r.Closed, r.Root, r.Size},
		Counted:        r.Counted,
		CountedWeight:  r.CountedWeight,
		Election:       r.Election,
		Endorsements:   trusteesReport{r.manifest.Quorum(), append([]int{}, r.Endorsed...)},
		Format:         reportFormat,
		Invalid:        r.Invalid,
		InvalidEntries: []entryReport{},
		Logged:         r.Logged,
		Roll: rollReport{
			classReport{r.SmallestClass.Members, r.SmallestClass.Weight}, r.Voters, r.TotalWeight, r.manifest.Census().Weighted,
		},
		SetUp:      r.SetUp,
		Shares:     trusteesReport{r.manifest.Threshold(), append([]int{}, r.Shared...)},
		Stage:      r.Stage,
		Superseded: r.Superseded,
		Title:      r.Title,
		Valid:      r.Err() == nil,
		Verdict:    r.verdict(),
	}
	for i := range r.Boxes {
		f.Boxes = append(f.Boxes, boxJSON(&r.Boxes[i]))
		f.Conflicting, f.Repeated = &r.Conflicting, &r.Repeated
	}
	if r.recounted() == nil {
		f.Aggregate = (*wire.Hex32)(&r.subject.Aggregate)
	}
	if r.Result != nil {
		f.Result = r.Result.Bytes()
	}
	for _, e := range r.InvalidEntries {
		f.InvalidEntries = append(f.InvalidEntries, entryReport{e.Index, legible.Printable(e.Err.Error())})
	}
	for _, o := range r.outcomes {
		c := checkReport{Check: o.check, Status: o.status()}
		if o.err != nil {
			c.Reason = legible.Printable(o.err.Error())
		}
		f.Checks = append(f.Checks, c)
	}
	b, err := wire.MarshalCanonical(f)
	if err != nil {
		return fmt.Errorf("tally: report: %w", err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}
