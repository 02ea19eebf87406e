package tally

import (
	"fmt"
	"slices"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/legible"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
)

// MaxContextBytes bounds Roster.Context.
const MaxContextBytes = 200

// Roster is what everybody agrees on before a ceremony: who the trustees are and how many of
// them open a result.
type Roster struct {
	Context   string           // what the key is for, in one line: distinguishes ceremonies of the same people
	Threshold int              // t: trustees needed to open, 2 to len(Trustees)
	Trustees  []ballot.Trustee // 2 to ballot.MaxTrustees; number j, from 1, is at position j - 1
	Organiser [64]byte         // Organiser.Key: may close a round in which someone stays silent
}

// quorum is ballot.Manifest.Quorum: the trustees who must sign a thing before it is acted on.
func (r *Roster) quorum() int { return (len(r.Trustees)+r.Threshold-1)/2 + 1 }

// rosterDocument is the canonical form of a Roster: the ceremony id is a digest of its JSON.
type rosterDocument struct {
	Context   string            `json:"context"`
	Organiser wire.Hex          `json:"organiser"`
	Threshold int               `json:"threshold"`
	Trustees  []trusteeDocument `json:"trustees"`
}

type trusteeDocument struct {
	Key  wire.Hex `json:"key"`
	Name string   `json:"name"`
}

func (r *Roster) document() rosterDocument {
	d := rosterDocument{Context: r.Context, Organiser: r.Organiser[:], Threshold: r.Threshold}
	for i := range r.Trustees {
		d.Trustees = append(d.Trustees, trusteeDocument{r.Trustees[i].Key[:], r.Trustees[i].Name})
	}
	return d
}

func (d *rosterDocument) roster() (Roster, error) {
	r := Roster{Context: d.Context, Threshold: d.Threshold}
	if len(d.Organiser) != len(r.Organiser) {
		return Roster{}, fmt.Errorf("%w: the organiser's key has %d bytes, %d wanted", ErrMalformed, len(d.Organiser), len(r.Organiser))
	}
	r.Organiser = [64]byte(d.Organiser)
	for i, t := range d.Trustees {
		if len(t.Key) != 64 {
			return Roster{}, fmt.Errorf("%w: the key of trustee %d has %d bytes, 64 wanted", ErrMalformed, i+1, len(t.Key))
		}
		r.Trustees = append(r.Trustees, ballot.Trustee{Name: t.Name, Key: [64]byte(t.Key)})
	}
	return r, nil
}

// id is the ceremony id.
func (r *Roster) id() [32]byte {
	return transcript.Digest("ceremony", mustMarshal(r.document()))
}

// check validates r and returns the keys of all authors: the organiser's at 0, E_j at j.
func (r *Roster) check() ([]babyjub.Point, error) {
	n := len(r.Trustees)
	if n < 2 || n > ballot.MaxTrustees {
		return nil, fmt.Errorf("%w: %d trustees, 2 to %d allowed", ErrInvalid, n, ballot.MaxTrustees)
	}
	if r.Threshold < 2 || r.Threshold > n { //check:manifest/threshold
		return nil, fmt.Errorf("%w: threshold %d, 2 to %d allowed", ErrInvalid, r.Threshold, n)
	}
	if err := checkLine(r.Context, MaxContextBytes); err != nil {
		return nil, fmt.Errorf("context: %w", err)
	}
	keys := make([]babyjub.Point, n+1)
	if err := keys[0].SetSubgroupBytes(r.Organiser[:]); err != nil {
		return nil, fmt.Errorf("%w: the organiser's key: %w", ErrInvalid, err)
	}
	names, seen := map[string]int{}, map[[64]byte]int{r.Organiser: 0}
	for i, t := range r.Trustees {
		j := i + 1
		if err := checkLine(t.Name, ballot.MaxNameBytes); err != nil {
			return nil, fmt.Errorf("name of trustee %d: %w", j, err)
		}
		if err := keys[j].SetSubgroupBytes(t.Key[:]); err != nil {
			return nil, fmt.Errorf("%w: the key of trustee %d: %w", ErrInvalid, j, err)
		}
		if k, ok := names[t.Name]; ok {
			return nil, fmt.Errorf("%w: trustees %d and %d have the same name %q", ErrInvalid, k, j, t.Name)
		}
		if k, ok := seen[t.Key]; ok {
			return nil, fmt.Errorf("%w: the key of trustee %d is that of %s", ErrInvalid, j, authorName(k))
		}
		names[t.Name], seen[t.Key] = j, j
	}
	return keys, nil
}

func (r *Roster) clone() Roster {
	c := *r
	c.Trustees = slices.Clone(r.Trustees)
	return c
}

// checkLine accepts what a manifest accepts as a name.
func checkLine(s string, limit int) error {
	if err := legible.Check(s, limit); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}
