package ballot

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
)

// What a ballot's signature and a trustee's signature of a manifest are about, one part after another.
func TestAttack01EveryPartOfASignedStatement(t *testing.T) {
	x := randomScalar()
	y := *new(babyjub.Point).ScalarBaseMul(&x)
	id, other := ElectionID{1}, ElectionID{2}
	for kind, variants := range map[string]map[string]*transcript.Transcript{
		"ballot": {
			"":           ballotSignatureTranscript(id, []byte("ballot")),
			"election":   ballotSignatureTranscript(other, []byte("ballot")),
			"bytes":      ballotSignatureTranscript(id, []byte("ballos")),
			"more bytes": ballotSignatureTranscript(id, []byte("ballot ")),
			"a manifest": signatureTranscript(id, 1),
		},
		"manifest": {
			"":         signatureTranscript(id, 1),
			"election": signatureTranscript(other, 1),
			"trustee":  signatureTranscript(id, 2),
			"a ballot": ballotSignatureTranscript(id, nil),
		},
	} {
		p := sigma.Prove(variants[""].Clone(), &x, &y)
		require.NoError(t, p.Verify(variants[""].Clone(), &y))
		for part, changed := range variants {
			if part != "" {
				require.ErrorIs(t, p.Verify(changed, &y), sigma.ErrInvalid, "%s: %s", kind, part)
			}
		}
	}
}

// A ballot's own torsion, in the place of every point of it, and added to every point of it after it was
// signed: no such ballot is accepted, and alone or among others it has one verdict.
func TestAttack04TorsionInPlaceOfAnyPoint(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	good := e.ballot(t, c, 0)
	raw := good.Bytes()
	v := e.verifier(t)
	var ballots []*Ballot
	var single []error
	places := 0
	for _, part := range partsOf(e.m) {
		if part.kind != "point" {
			continue
		}
		places++
		var honest babyjub.Point
		require.NoError(t, honest.SetBytes(raw[part.at:][:64]))
		for k, torsion := range babyjubtest.Torsion() {
			sum := new(babyjub.Point).Add(&honest, &torsion)
			for _, p := range []*babyjub.Point{&torsion, sum} {
				changed := slices.Clone(raw)
				b := p.Bytes()
				copy(changed[part.at:], b[:])
				if slices.Equal(changed, raw) {
					require.Zero(t, k)
					continue
				}
				parsed, err := ParseBallot(e.m, changed)
				if err != nil {
					require.Equal(t, "K", part.name)
					require.ErrorIs(t, err, ErrMalformed)
					continue
				}
				verdict := v.Verify(context.Background(), parsed)
				require.ErrorIs(t, verdict, ErrInvalid, "torsion %d at %s", k, part.name)
				ballots, single = append(ballots, parsed), append(single, verdict)
			}
		}
	}
	require.Equal(t, 1+2*3+6*2+1, places) // K, ciphertexts, two arguments, R
	ballots, single = append(ballots, good), append(single, nil)
	batch, err := e.verifier(t).VerifyBatch(context.Background(), ballots)
	require.NoError(t, err)
	require.Equal(t, single, batch)
}

// A thief permutes what she copied: ciphertexts and the bits' responses, so that the copied vote would count for
// other options, under her own name and under the victim's.
func TestAttack06PermutedAnswersAreRejected(t *testing.T) {
	e := newElection(t, approvalOf(8))
	victim, thief := e.credential(t), e.credential(t)
	b := e.ballot(t, victim, 0)
	require.Equal(t, 3, len(b.questions[0].ciphertexts))
	for name, permute := range map[string]func(q []answer){
		"ciphertexts": func(q []answer) { slices.Reverse(q[0].ciphertexts) },
		"responses":   func(q []answer) { slices.Reverse(q[0].argument.f) },
		"both":        func(q []answer) { slices.Reverse(q[0].ciphertexts); slices.Reverse(q[0].argument.f) },
		"A and B": func(q []answer) {
			for i := range q[0].ciphertexts {
				c := &q[0].ciphertexts[i]
				c.A, c.B = c.B, c.A
			}
		},
		"one ciphertext for all": func(q []answer) {
			for i := range q[0].ciphertexts {
				q[0].ciphertexts[i] = q[0].ciphertexts[0]
			}
		},
	} {
		for _, c := range []*Credential{victim, thief} {
			require.ErrorIs(t, e.verdict(t, resign(t, c, b, permute)), ErrInvalid, name)
		}
	}
}

// A hand-made proof for what no vote can say: one option twice, an option with blank, more than the most, fewer
// than the least. The prover follows every step, with these bits and the ciphertexts that belong to them.
func TestAttack30HandMadeProofsOfSuchVotesAreRejected(t *testing.T) {
	const bridge, library, park, blank = 0, 1, 2, 4 // projects: bridge, library, park, school, blank, slack of 2
	for name, test := range map[string]struct {
		question int
		bits     map[int]int64
		equation string
	}{
		"[A,B,A]":               {1, map[int]int64{bridge: 2, library: 1}, equationIV},
		"[A,A]":                 {1, map[int]int64{bridge: 2}, equationIV},
		"blank + A":             {1, map[int]int64{bridge: 1, blank: 1}, equationV},
		"[A,B,C]":               {1, map[int]int64{bridge: 1, library: 1, park: 1}, equationV},
		"A, less than nothing":  {1, map[int]int64{bridge: 1, library: 1, park: 1, 3: -1}, equationIV},
		"yes and no":            {0, map[int]int64{0: 1, 1: 1}, equationV},
		"yes and blank":         {0, map[int]int64{0: 1, 2: 1}, equationV},
		"neither nor":           {0, nil, equationV},
		"yes twice, no minus 1": {0, map[int]int64{0: 2, 1: -1}, equationIV},
	} {
		e := newElection(t)
		c := e.credential(t)
		b := e.deviate(t, c, 0, e.sealed(t, c), func(question, step int, p *arguer, cs []ciphertext) {
			if question != test.question || step != 0 {
				return
			}
			for i := range p.b {
				p.b[i] = scalar(test.bits[i])
			}
			for j, f := range p.layout.forms {
				m := f.at(p.b)
				cs[j].A.ScalarBaseMul(&p.r[j])
				cs[j].B.ScalarMul(&p.r[j], e.m.key.Point())
				cs[j].B.Add(&cs[j].B, new(babyjub.Point).ScalarBaseMul(&m))
			}
		})
		require.Contains(t, e.failing(t, b), string(rune('1'+test.question))+test.equation, name)
		require.ErrorIs(t, e.verdict(t, b), ErrInvalid, name)
	}
}

// Weights that follow from each ballot alone, even from all of it but the responses, let two ballots be wrong by
// amounts that cancel: the attacker computes both weights first. The batch's own weights are fresh, so both
// are named.
func TestAttack44ErrorsFittedToWeightsOfEachBallot(t *testing.T) {
	e := newElection(t)
	weight := func(b *Ballot) babyjub.Scalar {
		var w babyjub.Scalar
		p := e.m.draw(b) // the challenges hash all but the responses
		x := p.x[0].Bytes()
		d := transcript.Digest("weight of a ballot", x[:])
		w.SetUniformBytes(append(make([]byte, 32), d[:]...))
		return w
	}
	c1, c2 := e.credential(t), e.credential(t)
	first, second := e.ballot(t, c1, 0), e.ballot(t, c2, 0)
	e1, e2 := weight(first), weight(second)
	shift := func(c *Credential, b *Ballot, by babyjub.Scalar) *Ballot {
		return resign(t, c, b, func(q []answer) { q[0].argument.zTau.Add(&q[0].argument.zTau, &by) })
	}
	var minus babyjub.Scalar
	minus.Neg(&e1)
	bad := []*Ballot{shift(c1, first, e2), shift(c2, second, minus)}

	// The attack works on such weights: e1 (e2 F) + e2 (-e1 F) = 0.
	require.Equal(t, []babyjub.Scalar{e1, e2}, []babyjub.Scalar{weight(bad[0]), weight(bad[1])})
	var s sum
	for _, b := range bad {
		w := weight(b)
		equations[3].add(e.m.draw(b), 0, &w, &s)
		require.Equal(t, []string{"1" + equationIV}, e.failing(t, b))
	}
	require.True(t, s.vanishes(e.m))

	good := e.ballot(t, e.credential(t), 0)
	verdicts, err := e.verifier(t).VerifyBatch(context.Background(), []*Ballot{bad[0], good, bad[1]})
	require.NoError(t, err)
	require.ErrorIs(t, verdicts[0], ErrInvalid)
	require.NoError(t, verdicts[1])
	require.ErrorIs(t, verdicts[2], ErrInvalid)
}
