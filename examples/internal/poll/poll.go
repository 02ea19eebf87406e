// Package poll holds one whole election in one process, for examples that are about a voting
// method rather than about who does what. In examples/referendum every party is a process of
// its own; here registrar, trustees, voters and box are the steps of Hold, in order.
//
// Everything goes through the public packages, and nothing is left out but the network: voters
// register with a proof, trustees hold a key ceremony and keep encrypted files, each ballot is
// proved, cast and answered with a receipt, and the record on disk is audited.
package poll

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prover"
	"github.com/scrutin/scrutin/tally"
)

const (
	trustees  = 3
	threshold = 2
)

// Election is what an election is about, and who votes what.
type Election struct {
	Name      string // in the log's origin
	Title     ballot.Text
	Questions []ballot.Question
	Texts     map[ballot.QuestionID][]byte // the texts that the questions are about
	Voters    int
	Revotes   uint32 // how often a voter may vote again

	// Vote returns the votes of a voter, from 0 to Voters - 1. It is called by several
	// goroutines, once a voter.
	Vote func(voter int) map[ballot.QuestionID]ballot.Vote

	// An election that is about its boxes names several of them, and holds the poll itself.
	Boxes  []string             // the ends of the boxes' origins; nil: one box
	Copies int                  // with several boxes: of how many a voter needs receipts
	Poll   func(h *Hall) []Step // in the place of Voting and Closing; they leave the logs in the record. Vote is not called
}

// Held is an election that was held.
type Held struct {
	Manifest *ballot.Manifest
	Record   string        // directory of the public record
	Report   *tally.Report // of the last audit; it has the result

	steps []Step
	files fs.FS // of the record
}

// Step is one step of an election.
type Step struct {
	Title, Text string
	Do          func(context.Context) error
	took        time.Duration
}

// Hold holds an election and keeps its files in a directory: record/ is public, private/ the
// parties' own.
func Hold(ctx context.Context, e *Election, dir string, out io.Writer) (*Held, error) {
	record, err := tally.OpenRecord(filepath.Join(dir, "record"))
	if err != nil {
		return nil, err
	}
	h := &Hall{Election: e, dir: dir, out: out, record: record, entries: map[int]uint64{}}
	defer func() {
		for _, b := range h.boxes { // open if a step failed, whose error is returned
			_ = b.Close()
		}
	}()
	h.Record, h.files = record.Path("."), record.FS()
	h.steps = []Step{
		{"Membership keys", "a one-party set-up: whoever ran it could forge memberships; for tests only", h.makeMembershipKeys, 0},
		{"Registration", "every voter makes an identity, proves that she knows its secret, and is on the roll", h.register, 0},
		{"Key ceremony", fmt.Sprintf("%d trustees make one key; any %d can open sums with it, fewer learn nothing", trustees, threshold),
			h.makeElectionKey, 0},
		{"Manifest", "the paper, the roll and the key are fixed; the trustees sign the election id", h.publish, 0},
	}
	if e.Poll != nil {
		h.steps = append(h.steps, e.Poll(h)...)
	} else {
		h.steps = append(h.steps,
			Step{"Voting", "every voter proves membership, encrypts, casts and checks the receipt", h.vote, 0},
			Step{"Closing", "the box seals its log (its clock is put forward to the closing hour)", h.close, 0})
	}
	h.steps = append(h.steps,
		Step{"Tally", "trustees audit the record, endorse one checkpoint and publish shares of the sums", h.open, 0},
		Step{"Audit", "the record is replayed from its public files alone", h.audit, 0})
	for i := range h.steps {
		s := &h.steps[i]
		fmt.Fprintf(out, "\n%s: %s\n", strings.ToUpper(s.Title), s.Text)
		start := time.Now()
		if err := s.Do(ctx); err != nil {
			return nil, err
		}
		s.took = time.Since(start)
	}
	return &h.Held, nil
}

// Hall is where an election takes place: all that its parties know.
type Hall struct {
	*Election
	Held
	dir    string
	out    io.Writer
	record *tally.Record

	provingKey *prover.ProvingKey
	identities []*proof.Identity // of the voters
	tree       *census.Tree
	trustees   []*tally.Trustee
	ceremony   *tally.Ceremony
	signatures []ballot.Signature
	logKeys    []string // the signer keys of the boxes
	clock      *stage.Clock
	boxes      []*box.Box     // all that were opened
	entries    map[int]uint64 // of the published logs, by box
}

func (h *Hall) say(format string, args ...any) { Say(h.out, format, args...) }

func (h *Hall) origin() string { return "election.example/" + h.Name }

// depth is that of the smallest tree that holds all voters.
func (h *Hall) depth() int { return max(1, bits.Len(uint(h.Voters-1))) }

func (h *Hall) makeMembershipKeys(ctx context.Context) error {
	var verifyingKey *proof.VerifyingKey
	var err error
	h.provingKey, verifyingKey, err = prover.InsecureSetup(ctx, prover.Relation{Depth: h.depth()})
	if err != nil {
		return err
	}
	return h.record.WriteVerifyingKey(verifyingKey)
}

// register puts every voter on the roll. The registrar takes no bare commitment: it could stand
// for many (docs/spec/membership.md, section 1).
func (h *Hall) register(ctx context.Context) error {
	h.identities = make([]*proof.Identity, h.Voters)
	members := make([]census.Member, h.Voters)
	err := Parallel(ctx, "registering", h.Voters, func(_ context.Context, i int) error {
		entry := fmt.Appendf(nil, "%s voter %d", h.origin(), i)
		h.identities[i] = proof.NewIdentity()
		registration := h.identities[i].Register(entry)

		commitment, err := proof.CheckRegistration(registration, entry) // at the registrar's
		members[i].Commitment = commitment
		return err
	})
	if err != nil {
		return err
	}
	h.tree, err = census.Build(ctx, h.depth(), func(yield func(census.Member, error) bool) {
		for _, m := range members {
			if !yield(m, nil) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	h.say("%d voters on the roll", h.Voters)
	return h.record.WriteCensus(h.tree)
}

// makeElectionKey holds the ceremony. The passphrases of the trustees' files are forgotten with
// this process, so that nothing on disk opens anything once the election is over.
func (h *Hall) makeElectionKey(context.Context) error {
	private := filepath.Join(h.dir, "private")
	if err := os.MkdirAll(private, 0o700); err != nil {
		return err
	}
	organiser, err := tally.OpenOrganiser(filepath.Join(private, "organiser.age"), []byte(rand.Text()))
	if err != nil {
		return err
	}
	roster := tally.Roster{
		Context:   h.Name + " " + rand.Text(),
		Threshold: threshold,
		Organiser: organiser.Key(),
	}
	for j := 1; j <= trustees; j++ {
		name := fmt.Sprintf("trustee-%d", j)
		t, err := tally.OpenTrustee(filepath.Join(private, name+".age"), []byte(rand.Text()))
		if err != nil {
			return err
		}
		h.trustees = append(h.trustees, t)
		roster.Trustees = append(roster.Trustees, ballot.Trustee{Name: name, Key: t.Key()})
	}
	if h.ceremony, err = tally.NewCeremony(roster); err != nil {
		return err
	}
	for !h.ceremony.Status().Done {
		for _, t := range h.trustees {
			messages, err := t.Next(h.ceremony)
			if err != nil {
				return err
			}
			for _, m := range messages {
				if err := h.ceremony.Add(m); err != nil {
					return err
				}
			}
		}
	}
	return h.record.WriteCeremony(h.ceremony)
}

// publish fixes the manifest, publishes the texts that it names, and opens the box if there is one.
func (h *Hall) publish(context.Context) error {
	logs, err := h.makeLogKeys()
	if err != nil {
		return err
	}
	now := time.Now()
	draft := ballot.Draft{
		Title:     h.Title,
		Questions: h.Questions,
		Census:    ballot.CensusOf(h.tree),
		Membership: ballot.MembershipInfo{
			VerifyingKey: h.provingKey.VerifyingKey().Digest(),
			ProvingKey:   h.provingKey.Digest(),
			Provenance:   proof.OneParty,
		},
		Opens:  now.Unix(),
		Closes: now.Add(24 * time.Hour).Unix(),
		Revote: ballot.Revote{Rule: ballot.RevoteNone},
		Log:    logs[0],
		Boxes:  logs[1:],
		Copies: h.Copies,
	}
	if h.Revotes > 0 {
		draft.Revote = ballot.Revote{Rule: ballot.RevoteLast, Limit: h.Revotes}
	}
	if err := h.ceremony.FillDraft(&draft); err != nil {
		return err
	}
	if h.Manifest, err = ballot.NewManifest(draft); err != nil {
		return err
	}
	if err := h.record.WriteManifest(h.Manifest); err != nil {
		return err
	}
	for question, text := range h.Texts {
		if err := h.record.WriteDocument(question, bytes.NewReader(text)); err != nil {
			return err
		}
	}
	for _, t := range h.trustees {
		signature, err := t.SignManifest(h.ceremony, h.Manifest)
		if err != nil {
			return err
		}
		h.signatures = append(h.signatures, signature)
	}
	if err := h.record.WriteSignatures(h.signatures); err != nil {
		return err
	}
	h.say("election %s", h.Manifest.ID())
	h.clock = stage.NewClock(h.Manifest.Closes())
	if h.Poll != nil {
		return nil
	}
	_, err = h.OpenBox(1, "box")
	return err
}

// makeLogKeys makes a key for each box.
func (h *Hall) makeLogKeys() (logs []ballot.LogInfo, err error) {
	origins := []string{h.origin()}
	if h.Boxes != nil {
		origins = nil
		for _, name := range h.Boxes {
			origins = append(origins, h.origin()+"/"+name)
		}
	}
	for _, origin := range origins {
		secret, public, err := note.GenerateKey(nil, origin)
		if err != nil {
			return nil, err
		}
		h.logKeys = append(h.logKeys, secret)
		logs = append(logs, ballot.LogInfo{Origin: origin, Key: public})
	}
	return logs, nil
}
