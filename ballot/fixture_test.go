package ballot

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prooftest"
)

type ciphertext = elgamal.Ciphertext

// election is an election whose census is of the invented root 1: memberships are forged with
// the trapdoor, also for voters that no census has.
type election struct {
	m         *Manifest
	key       *prooftest.Key
	secret    babyjub.Scalar // of the election key
	enrolment []babyjub.Scalar
}

var (
	keyUnweighted = prooftest.NewKey(false)
	keyWeighted   = prooftest.NewKey(true)
)

// newElection makes the election of draft, changed by edit.
func newElection(t testing.TB, edit ...func(*Draft)) *election {
	t.Helper()
	d, e := draft(t)
	for _, f := range edit {
		f(&d)
	}
	if d.Census.Weighted {
		e.key = keyWeighted
		d.Membership.VerifyingKey = e.key.VerifyingKey().Digest()
	}
	m, err := NewManifest(d)
	require.NoError(t, err)
	e.m = m
	return e
}

// draft is of the referendum example: yes, no or blank; and at most two of four, or blank; by
// 11,304 voters.
func draft(t testing.TB) (Draft, *election) {
	e := &election{key: keyUnweighted, enrolment: make([]babyjub.Scalar, 3)}
	_, verifier, err := note.GenerateKey(rand.Reader, "log.example.org/box")
	require.NoError(t, err)
	d := Draft{
		Title: text("Assembly"),
		Questions: []Question{
			question("treaty", Choice{Min: 1, Max: 1, Blank: true}, "yes", "no"),
			question("projects", Choice{Min: 0, Max: 2, Blank: true}, "bridge", "library", "park", "school"),
		},
		Census:    CensusInfo{Root: census.Root{31: 1}, Depth: 16, Size: 11304, TotalWeight: 11304},
		PublicKey: randomKey(&e.secret),
		Ceremony:  sha256.Sum256([]byte("ceremony")),
		Threshold: 2,
		Membership: MembershipInfo{
			VerifyingKey: keyUnweighted.VerifyingKey().Digest(),
			ProvingKey:   sha256.Sum256([]byte("proving key")),
			Provenance:   proof.OneParty,
		},
		Opens:  1_900_000_000,
		Closes: 1_900_086_400,
		Revote: Revote{RevoteLast, 3},
		Log:    LogInfo{"log.example.org/box", verifier},
	}
	for j := range e.enrolment {
		d.Trustees = append(d.Trustees, Trustee{fmt.Sprintf("Trustee %d", j+1), randomKey(&e.enrolment[j])})
	}
	return d, e
}

// approvalOf replaces the questions by one, an approval of n options.
func approvalOf(n int) func(*Draft) {
	return func(d *Draft) {
		d.Questions = []Question{question("q", Approval{}, optionIDs(n)...)}
	}
}

// weighted makes the census a weighted one of this total.
func weighted(total uint64) func(*Draft) {
	return func(d *Draft) {
		d.Census.Weighted, d.Census.Size, d.Census.TotalWeight = true, min(total, 1<<d.Census.Depth), total
	}
}

func text(s string) Text { return Text{"en": s} }

func question(id QuestionID, r Rule, options ...OptionID) Question {
	q := Question{ID: id, Title: text(string(id)), Rule: r}
	for _, o := range options {
		q.Options = append(q.Options, Option{o, text(string(o))})
	}
	return q
}

func optionIDs(n int) []OptionID {
	var out []OptionID
	for i := range n {
		out = append(out, OptionID(fmt.Sprintf("o%d", i)))
	}
	return out
}

func randomScalar() (s babyjub.Scalar) {
	var wide [64]byte
	rand.Read(wide[:])
	s.SetUniformBytes(wide[:])
	return s
}

func randomPoint() babyjub.Point {
	s := randomScalar()
	return *new(babyjub.Point).ScalarBaseMul(&s)
}

func randomKey(s *babyjub.Scalar) [64]byte {
	*s = randomScalar()
	return new(babyjub.Point).ScalarBaseMul(s).Bytes()
}

// credential returns the credential of a new voter, of weight 1 in a weighted election.
func (e *election) credential(t testing.TB) *Credential {
	t.Helper()
	k := randomScalar()
	c := newCredential(e.m, &k)
	c.voter.nullifier = proof.NewIdentity().Nullifier(proof.Scope(e.m.id))
	if e.m.draft.Census.Weighted {
		c.voter.weight = 1
	}
	e.forge(t, c)
	return c
}

// forge proves the membership that c claims.
func (e *election) forge(t testing.TB, c *Credential) {
	t.Helper()
	v := &Verifier{m: e.m}
	claim := v.claim(&Ballot{voter: c.voter})
	require.NoError(t, e.key.Forge(&claim))
	c.voter.membership = claim.Membership.Proof
}

func (e *election) verifier(t testing.TB) *Verifier {
	t.Helper()
	v, err := NewVerifier(e.m, AcceptKey(e.key.VerifyingKey()))
	require.NoError(t, err)
	return v
}

// votes are valid answers to all questions.
func (e *election) votes() map[QuestionID]Vote {
	out := map[QuestionID]Vote{}
	for _, q := range e.m.draft.Questions {
		out[q.ID] = voteOf(q)
	}
	return out
}

// voteOf is a valid vote for the first option, or for the first ones if the rule wants several.
func voteOf(q Question) Vote {
	var ids []OptionID
	for _, o := range q.Options {
		ids = append(ids, o.ID)
	}
	switch r := q.Rule.(type) {
	case Choice:
		return Choose(ids[:max(r.Min, 1)]...)
	case Judgment:
		grades := map[OptionID]GradeID{}
		for _, id := range ids[:max(r.Min, 1)] {
			grades[id] = r.Grades[0].ID
		}
		return Grade(grades)
	case Scoring:
		return Score(map[OptionID]int{ids[0]: 1})
	case Cumulative:
		return Give(map[OptionID]int{ids[0]: r.Points})
	case Quadratic:
		return Give(map[OptionID]int{ids[0]: 1})
	case Ranking:
		return Rank(ids[:max(r.Min, 1)]...)
	case Condorcet:
		return Rank(ids[0])
	}
	return Approve(ids[0])
}

func (e *election) sealed(t testing.TB, c *Credential) *Sealed {
	t.Helper()
	s, err := c.Encrypt(e.votes())
	require.NoError(t, err)
	return s
}

func (e *election) ballot(t testing.TB, c *Credential, sequence uint32) *Ballot {
	t.Helper()
	b, err := e.sealed(t, c).Sign(sequence)
	require.NoError(t, err)
	return b
}

// deviate signs a ballot whose arguments are made by the prover of the protocol, on a witness
// and with messages that change: tamper is called for each question, with step 0 before the
// first move and the statement, and 1, 2, 3 after each move. Points that it sets are encoded again.
func (e *election) deviate(t testing.TB, c *Credential, sequence uint32, s *Sealed, tamper func(question, step int, p *arguer, cs []ciphertext)) *Ballot {
	t.Helper()
	questions := make([]answer, len(e.m.layouts))
	arguers := make([]*arguer, len(questions))
	for i, l := range e.m.layouts {
		questions[i].ciphertexts = append([]ciphertext(nil), s.questions[i].ciphertexts...)
		arguers[i] = &arguer{layout: l, key: e.m.key, witness: s.opening.questions[i].witness()}
		arguers[i].r = append([]babyjub.Scalar(nil), arguers[i].r...)
		tamper(i, 0, arguers[i], questions[i].ciphertexts)
		questions[i].encoded = ciphertextBytes(questions[i].ciphertexts)
	}
	shared := e.m.statementTranscript(&c.voter, sequence, questions)
	for i, l := range e.m.layouts {
		tr := e.m.questionTranscript(shared, i)
		p := newArguer(tr, l, e.m.key, arguers[i].witness, []byte("test"))
		p.first()
		p.v = commit(p.b, &p.rho) // also to what is no bit
		tamper(i, 1, p, nil)
		p.encodeAgain(2)
		y := p.challengeY(tr, l)
		p.second(y)
		tamper(i, 2, p, nil)
		p.encodeAgain(6)
		x := p.challengeX(tr)
		p.third(y, &x)
		tamper(i, 3, p, nil)
		questions[i].argument = p.argument
	}
	b, err := c.assemble(questions, sequence)
	require.NoError(t, err)
	return b
}

func (p *arguer) encodeAgain(n int) {
	p.encoded = nil
	p.encode(p.points()[:n]...)
}

// verdict is the verifier's of one ballot, and requires that it is the same in a batch of others.
func (e *election) verdict(t testing.TB, b *Ballot) error {
	t.Helper()
	v := e.verifier(t)
	single := v.Verify(context.Background(), b)
	c := e.credential(t)
	batch, err := e.verifier(t).VerifyBatch(context.Background(), []*Ballot{e.ballot(t, c, 0), b, e.ballot(t, c, 1)})
	require.NoError(t, err)
	require.NoError(t, batch[0])
	require.NoError(t, batch[2])
	require.Equal(t, single, batch[1])
	return single
}

// failing lists the group equations of b that do not hold, and (v).
func (e *election) failing(t testing.TB, b *Ballot) []string {
	t.Helper()
	var out []string
	p := e.m.draw(b)
	for i := range e.m.layouts {
		for _, equation := range equations {
			var s sum
			one := new(babyjub.Scalar).SetUint64(1)
			if equation.add(p, i, one, &s); !s.vanishes(e.m) {
				out = append(out, fmt.Sprintf("%d%s", i+1, equation.name))
			}
		}
		if !p.constraints(i) {
			out = append(out, fmt.Sprintf("%d%s", i+1, constraintsName))
		}
	}
	return out
}
