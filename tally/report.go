package tally

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/legible"
)

// Check names one step of an audit. The names are stable.
type Check string

// The checks, in the order in which they are made and reported.
const (
	CheckManifest     Check = "manifest"      // its digest is the election id; it parses
	CheckSignatures   Check = "signatures"    // a quorum of trustees signed the election id
	CheckCeremony     Check = "ceremony"      // replays, and made the manifest's key for its trustees
	CheckVerifyingKey Check = "verifying-key" // the manifest's, and one that the auditor accepts
	CheckCensus       Check = "census"        // rebuilt: root, size, weight, smallest class
	CheckCheckpoint   Check = "checkpoint"    // the operator's signature; sealed
	CheckLog          Check = "log"           // the root over all entries is the checkpoint's
	CheckBallot       Check = "ballot"        // every entry verifies and keeps the re-vote rule
	CheckTurnout      Check = "turnout"       // no more ballots than voters, in total and in each weight class
	CheckEndorsements Check = "endorsements"  // trustees' signatures of this checkpoint and these sums
	CheckShares       Check = "shares"        // shares of these sums, by distinct trustees, after a quorum of endorsements
	CheckResult       Check = "result"        // result.json is what the shares open to
	CheckTexts        Check = "texts"         // the texts that the questions are about are those of the manifest
	CheckFiles        Check = "files"         // nothing else is in the record
)

var checks = []Check{
	CheckManifest, CheckSignatures, CheckCeremony, CheckVerifyingKey, CheckCensus, CheckCheckpoint, CheckLog,
	CheckBallot, CheckTurnout, CheckEndorsements, CheckShares, CheckResult, CheckTexts, CheckFiles,
}

// CheckError says that a check of an audit failed, and why.
type CheckError struct {
	Check Check
	Err   error
}

func (e *CheckError) Error() string { return fmt.Sprintf("tally: audit: %s: %v", e.Check, e.Err) }

// Unwrap gives the reason, and ErrInvalid: a failed check makes the record invalid.
func (e *CheckError) Unwrap() []error { return []error{ErrInvalid, e.Err} }

// Stage says how far a record goes.
type Stage string

// The stages.
const (
	AwaitingEndorsements Stage = "awaiting endorsements"
	AwaitingShares       Stage = "awaiting shares"
	Opened               Stage = "opened" // Report.Result is there
)

// InvalidEntry is an entry of the log that is not counted.
type InvalidEntry struct {
	Index uint64
	Err   error
}

// Class is a set of voters of one weight: those among whom a ballot of that weight is anonymous.
type Class struct{ Weight, Members uint64 }

// maxReasons is how many invalid entries a report describes. It counts all of them.
const maxReasons = 100

// Report is what an audit found. What it says comes from replaying the record, never from a
// number in it; a trustee's endorsement and share are made from a Report.
type Report struct {
	Election ballot.ElectionID
	Title    ballot.Text
	SetUp    string // provenance of the verifying key, as the manifest states it

	Voters         uint64 // on the roll
	TotalWeight    uint64 // of all on the roll; Voters in an unweighted election
	SmallestClass  Class  // of the roll
	Size           uint64 // of the checkpoint; of several boxes: the sum
	Root           [32]byte
	Closed         bool   // the poll is sealed; of several boxes: enough of them are
	Logged         uint64 // = Repeated + Superseded + Invalid + Counted
	Repeated       uint64 // entries that are a ballot which another box logged, too
	Superseded     uint64 // by a later ballot of the same voter
	Invalid        uint64
	InvalidEntries []InvalidEntry // the first 100 of them
	Counted        uint64         // ballots
	CountedWeight  uint64
	Boxes          []box.BoxReport // of an election with several boxes
	Conflicting    uint64          // with several boxes: ballots that no honest device signs beside another one of the voter
	Conflicts      []box.Conflict  // the first 100 of them

	Endorsed []int   // trustees who endorsed these sums
	Shared   []int   // trustees whose shares the record holds
	Stage    Stage   // empty if the recount failed
	Result   *Result // nil until the record holds enough shares

	manifest     *ballot.Manifest
	ceremony     *Ceremony
	subject      Subject
	sums         []elgamal.Ciphertext // 8 times the sum of the counted ballots, in the manifest's order
	endorsements []*Endorsement
	shares       []*Share
	outcomes     []outcome
}

// outcome is what came of one check.
type outcome struct {
	check Check
	err   error // nil: passed; or of kind errSkipped or errIncomplete
}

var (
	// errSkipped is the kind of a check that could not be made, which an earlier failure must explain.
	errSkipped = errors.New("not checked")

	// errIncomplete is the kind of a check that found nothing wrong and something missing, which
	// a valid record may lack.
	errIncomplete = errors.New("incomplete")
)

func (o outcome) failed() bool {
	return o.err != nil && !errors.Is(o.err, errSkipped) && !errors.Is(o.err, errIncomplete)
}

// Err returns nil if every check that could be made passed, and otherwise a *CheckError for
// the first that failed. A valid record may still lack its result: see Stage.
func (r *Report) Err() error {
	if r == nil || len(r.outcomes) != len(checks) {
		return fmt.Errorf("tally: %w: this report does not come from an audit", ErrInvalid)
	}
	for _, o := range r.outcomes {
		if o.err != nil && !errors.Is(o.err, errIncomplete) {
			return &CheckError{o.check, o.err}
		}
	}
	return nil
}

// Failed returns the names of all checks that failed.
func (r *Report) Failed() []Check {
	var failed []Check
	for _, o := range r.outcomes {
		if o.failed() {
			failed = append(failed, o.check)
		}
	}
	return failed
}

// Subject names what was audited: what endorsements and shares of it must name.
func (r *Report) Subject() Subject { return r.subject }

// verdict is the report's last line.
func (r *Report) verdict() string {
	var failed *CheckError
	switch err := r.Err(); {
	case errors.As(err, &failed):
		return fmt.Sprintf("audit: INVALID: %s: %s", failed.Check, legible.Printable(failed.Err.Error()))
	case err != nil:
		return "audit: INVALID: " + legible.Printable(err.Error())
	case r.Result == nil:
		return "audit: ok so far, NO RESULT: " + r.awaited()
	}
	return "audit: ok"
}

// awaited says what is missing before there is a result.
func (r *Report) awaited() string {
	if r.Stage == AwaitingEndorsements {
		return fmt.Sprintf("%d of %d endorsements", len(r.Endorsed), r.manifest.Quorum())
	}
	return fmt.Sprintf("%d of %d shares", len(r.Shared), r.manifest.Threshold())
}

// trustee names a trustee: trustee 2 ("Name").
func (r *Report) trustee(j int) string {
	if trustees := r.manifest.Trustees(); j >= 1 && j <= len(trustees) {
		return fmt.Sprintf("trustee %d (%q)", j, legible.Printable(trustees[j-1].Name))
	}
	return fmt.Sprintf("trustee %d", j)
}

// WriteText writes the report as lines of text. The last line is the verdict: "audit: ok",
// "audit: ok so far, NO RESULT: ..." for a record that waits for trustees, or "audit: INVALID:"
// with the first check that failed.
func (r *Report) WriteText(w io.Writer) error {
	if r == nil || r.manifest == nil {
		_, err := fmt.Fprintln(w, r.verdict())
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(table, "%s\t%s\n", name, legible.Printable(fmt.Sprintf(format, args...)))
	}
	weighted := r.manifest.Census().Weighted
	row("election", "%v", r.Election)
	row("title", "%s", inLanguage(r.Title, ""))
	row("set-up", "%s", r.SetUp)
	if weighted {
		row("on the roll", "%d voters of weight %d", r.Voters, r.TotalWeight)
		row("smallest class", "%d voters of weight %d", r.SmallestClass.Members, r.SmallestClass.Weight)
	} else {
		row("on the roll", "%d voters", r.Voters)
	}
	sealed := "NOT SEALED"
	if r.Closed {
		sealed = "sealed"
	}
	if r.Boxes == nil {
		row("checkpoint", "%d entries, root %x, %s", r.Size, r.Root, sealed)
	}
	for i := range r.Boxes {
		row(fmt.Sprintf("box %d", i+1), "%s", boxRow(&r.Boxes[i]))
	}
	row("logged", "%d", r.Logged)
	if r.Boxes != nil {
		row("repeated", "%d", r.Repeated)
		row("conflicting", "%d", r.Conflicting)
	}
	row("superseded", "%d", r.Superseded)
	row("invalid", "%d", r.Invalid)
	for _, e := range r.InvalidEntries {
		row("", "entry %d: %v", e.Index, e.Err)
	}
	if more := r.Invalid - uint64(len(r.InvalidEntries)); more > 0 {
		row("", "and %d more", more)
	}
	if weighted {
		row("counted", "%d ballots of weight %d", r.Counted, r.CountedWeight)
	} else {
		row("counted", "%d ballots", r.Counted)
	}
	if r.Result != nil {
		for i := range r.Result.Questions {
			o := &r.Result.Questions[i]
			if blank, ok := o.Blank(); ok {
				row("blank", "%d on %q", blank, o.Question)
			}
			if none, ok := o.None(); ok {
				row("none of these", "%d on %q", none, o.Question)
			}
		}
	}
	if r.recounted() == nil {
		row("sums", "%x", r.subject.Aggregate)
		row("endorsements", "%s", r.who(r.Endorsed, r.manifest.Quorum()))
		row("shares", "%s", r.who(r.Shared, r.manifest.Threshold()))
	}
	for _, o := range r.outcomes {
		switch {
		case o.err == nil:
			row("check "+string(o.check), "ok")
		case o.failed():
			row("check "+string(o.check), "FAILED: %v", o.err)
		default:
			row("check "+string(o.check), "%v", o.err)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if r.Result != nil {
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		if err := r.writeResult(w); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\n%s\n", r.verdict())
	return err
}

// writeResult writes the result, indented: a line that began with the id of a question could
// read like the verdict.
func (r *Report) writeResult(w io.Writer) error {
	var text strings.Builder
	if err := r.Result.WriteText(&text, ""); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		if line != "\n" {
			line = "  " + line
		}
		if _, err := io.WriteString(w, line); err != nil {
			return err
		}
	}
	return nil
}

// who lists trustees by number and name.
func (r *Report) who(trustees []int, needed int) string {
	names := r.manifest.Trustees()
	var list []string
	for _, j := range trustees {
		list = append(list, fmt.Sprintf("%d %q", j, names[j-1].Name))
	}
	if len(list) == 0 {
		list = append(list, "none")
	}
	return fmt.Sprintf("%s (%d needed)", strings.Join(list, ", "), needed)
}
