// Package electiontest makes small elections for the tests of other packages: a manifest whose
// every secret is known, a census of identities, and ballots. Memberships are simulated with a
// trapdoor, so nothing here is fit for anything but tests.
package electiontest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prooftest"
)

// Origin is the origin of the log of every election made here.
const Origin = "log.example.org/box"

// Config says what election to make. The zero value is five voters, unweighted, three trustees
// of whom two open, no re-vote.
type Config struct {
	Voters    int
	Weights   []uint64 // weights of a weighted census; Voters is then their number
	Trustees  int
	Threshold int
	Revotes   uint32              // the limit under the rule "last"; 0 is the rule "none"
	Boxes     int                 // 0 is one box
	Copies    int                 // with several boxes; 0 is 1
	Edit      func(*ballot.Draft) // changes the draft before the manifest is made
}

// Election is an election and all its secrets. If Config.Edit replaces the election key or the
// trustees, Secret or Enrolment and Signatures do not belong to the manifest.
type Election struct {
	Manifest   *ballot.Manifest
	Secret     babyjub.Scalar     // of the election key H
	Enrolment  []babyjub.Scalar   // of the trustees' enrolment keys
	Identities []*proof.Identity  // of the voters
	Census     *census.Tree       // voter i is leaf i
	Key        *prooftest.Key     // proves memberships
	LogKey     string             // the operator's note signer key
	LogKeys    []string           // of all boxes; LogKey is the first
	Signatures []ballot.Signature // of all trustees
}

// New makes an election with two questions: "treaty", yes, no or blank; and "projects", at most
// two of bridge, library, park and school, or blank.
func New(tb testing.TB, c Config) *Election {
	tb.Helper()
	if c.Weights != nil {
		c.Voters = len(c.Weights)
	}
	if c.Voters == 0 {
		c.Voters = 5
	}
	if c.Trustees == 0 {
		c.Trustees, c.Threshold = 3, 2
	}
	e := &Election{Key: prooftest.NewKey(c.Weights != nil)}
	d := ballot.Draft{
		Title:     ballot.Text{"en": "Assembly", "fr": "Assemblée"},
		Questions: Questions(),
		Ceremony:  sha256.Sum256([]byte("ceremony")),
		Threshold: c.Threshold,
		Membership: ballot.MembershipInfo{
			VerifyingKey: e.Key.VerifyingKey().Digest(),
			ProvingKey:   sha256.Sum256([]byte("no proving key")),
			Provenance:   proof.OneParty,
		},
		Opens:  1_900_000_000,
		Closes: 1_900_086_400,
		Revote: ballot.Revote{Rule: ballot.RevoteNone},
	}
	if c.Revotes > 0 {
		d.Revote = ballot.Revote{Rule: ballot.RevoteLast, Limit: c.Revotes}
	}

	d.PublicKey = key(&e.Secret)
	e.Enrolment = make([]babyjub.Scalar, c.Trustees)
	for j := range e.Enrolment {
		d.Trustees = append(d.Trustees, ballot.Trustee{Name: fmt.Sprintf("Trustee %d", j+1), Key: key(&e.Enrolment[j])})
	}

	const depth = 16
	build := census.Build
	if c.Weights != nil {
		build = census.BuildWeighted
	}
	for range c.Voters {
		e.Identities = append(e.Identities, proof.NewIdentity())
	}
	tree, err := build(context.Background(), depth, func(yield func(census.Member, error) bool) {
		for i, id := range e.Identities {
			m := census.Member{Commitment: id.Commitment()}
			if c.Weights != nil {
				m.Weight = c.Weights[i]
			}
			if !yield(m, nil) {
				return
			}
		}
	})
	require.NoError(tb, err)
	e.Census = tree
	d.Census = ballot.CensusOf(tree)

	for n := range max(c.Boxes, 1) {
		origin := Origin
		if n > 0 {
			origin = fmt.Sprintf("%s/%d", Origin, n+1)
		}
		signer, verifier, err := note.GenerateKey(rand.Reader, origin)
		require.NoError(tb, err)
		e.LogKeys = append(e.LogKeys, signer)
		if log := (ballot.LogInfo{Origin: origin, Key: verifier}); n == 0 {
			d.Log = log
		} else {
			d.Boxes, d.Copies = append(d.Boxes, log), max(c.Copies, 1)
		}
	}
	e.LogKey = e.LogKeys[0]

	if c.Edit != nil {
		c.Edit(&d)
	}
	e.Manifest, err = ballot.NewManifest(d)
	require.NoError(tb, err)
	for j := range e.Enrolment {
		e.Signatures = append(e.Signatures, ballot.SignElection(e.Manifest, j+1, &e.Enrolment[j]))
	}
	return e
}

// Questions returns the questions of every election made here.
func Questions() []ballot.Question {
	option := func(id ballot.OptionID, en, fr string) ballot.Option {
		return ballot.Option{ID: id, Title: ballot.Text{"en": en, "fr": fr}}
	}
	return []ballot.Question{
		{
			ID:    "treaty",
			Title: ballot.Text{"en": "Shall the treaty be ratified?", "fr": "Le traité doit-il être ratifié ?"},
			Text: &ballot.Document{
				URI:    "https://assembly.example.org/treaty.txt",
				SHA256: sha256.Sum256([]byte("Article 1.")),
			},
			Rule:    ballot.Choice{Min: 1, Max: 1, Blank: true},
			Options: []ballot.Option{option("yes", "Yes", "Oui"), option("no", "No", "Non")},
		},
		{
			ID:    "projects",
			Title: ballot.Text{"en": "Which projects come first?", "fr": "Quels projets d'abord ?"},
			Rule:  ballot.Choice{Min: 0, Max: 2, Blank: true},
			Options: []ballot.Option{
				option("bridge", "Bridge", "Pont"),
				option("library", "Library", "Bibliothèque"),
				option("park", "Park", "Parc"),
				option("school", "School", "École"),
			},
		},
	}
}

// key draws a secret and returns its public key.
func key(secret *babyjub.Scalar) [64]byte {
	var wide [64]byte
	rand.Read(wide[:])
	secret.SetUniformBytes(wide[:])
	return new(babyjub.Point).ScalarBaseMul(secret).Bytes()
}

// Credential returns a new credential of voter i.
func (e *Election) Credential(tb testing.TB, i int) *ballot.Credential {
	tb.Helper()
	path, err := e.Census.Path(uint64(i))
	require.NoError(tb, err)
	c, err := ballot.NewCredential(context.Background(), e.Manifest, e.Identities[i], path, e.Key)
	require.NoError(tb, err)
	return c
}

// Votes are answers to both questions. They go round: n = 0 is yes and nothing, 1 is no and
// bridge, 2 is blank and library with school, 3 is yes and blank.
func Votes(n int) map[ballot.QuestionID]ballot.Vote {
	treaty := []ballot.Vote{ballot.Choose("yes"), ballot.Choose("no"), ballot.Blank()}
	projects := []ballot.Vote{ballot.Choose(), ballot.Choose("bridge"), ballot.Choose("library", "school"), ballot.Blank()}
	return map[ballot.QuestionID]ballot.Vote{"treaty": treaty[n%3], "projects": projects[n%4]}
}

// Ballot returns a ballot of voter i with a number and the answers Votes(n), made with a new
// credential.
func (e *Election) Ballot(tb testing.TB, i int, sequence uint32, n int) *ballot.Ballot {
	tb.Helper()
	s, err := e.Credential(tb, i).Encrypt(Votes(n))
	require.NoError(tb, err)
	b, err := s.Sign(sequence)
	require.NoError(tb, err)
	return b
}

// Verifier returns a verifier of the election.
func (e *Election) Verifier(tb testing.TB) *ballot.Verifier {
	tb.Helper()
	v, err := ballot.NewVerifier(e.Manifest, ballot.AcceptKey(e.Key.VerifyingKey()))
	require.NoError(tb, err)
	return v
}
