package ballot

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/proof"
)

const (
	equationI   = "(i), the commitment to the bits"
	equationII  = "(ii), the ciphertexts' randomness"
	equationIII = "(iii), the ciphertexts' plaintexts"
	equationIV  = "(iv), the bits being 0 or 1"
	equationV   = "(v), the rule's constraints"
)

func scalar(v int64) babyjub.Scalar { return *new(babyjub.Scalar).SetInt64(v) }

func honest(int, int, *arguer, []ciphertext) {}

// One election has a question of each rule.
func TestHonestBallotsOfEveryRuleAreAccepted(t *testing.T) {
	e := newElection(t, func(d *Draft) {
		d.Questions = nil
		for i, s := range samples() {
			d.Questions = append(d.Questions, question(QuestionID(fmt.Sprint("q", i)), s.rule, optionIDs(s.options)...))
		}
	})
	v, c := e.verifier(t), e.credential(t)
	totals := make([]uint64, e.m.Ciphertexts()) // of all three ballots
	want := make([]map[Count]uint64, len(samples()))
	for sequence := range uint32(3) {
		votes := map[QuestionID]Vote{}
		for i, q := range e.m.draft.Questions {
			said := randomVote(q.Rule, len(q.Options))
			votes[q.ID] = said.vote
			if want[i] == nil {
				want[i] = map[Count]uint64{}
			}
			for k, v := range said.counts {
				want[i][k] += v
			}
		}
		s, err := c.Encrypt(votes)
		require.NoError(t, err)
		read, err := s.opening.Verify(e.m, s.Digest())
		require.NoError(t, err)
		require.Equal(t, votes, read)
		at := 0
		for i, l := range e.m.layouts {
			for _, f := range l.forms {
				totals[at] += uint64(f.value(s.opening.questions[i].bits))
				at++
			}
		}
		b, err := s.Sign(sequence)
		require.NoError(t, err)
		require.NoError(t, v.Verify(t.Context(), b))
		require.Len(t, b.Bytes(), e.m.BallotBytes())
		require.Len(t, b.Ciphertexts(), e.m.Ciphertexts())
	}
	tallies, err := e.m.Decode(totals)
	require.NoError(t, err)
	for i, tally := range tallies {
		for _, c := range tally.Counts {
			require.Equal(t, want[i][Count{c.Option, c.Label, 0}], c.Total)
			require.Equal(t, c.Total, tally.At(c.Option, c.Label))
		}
		require.Zero(t, tally.At("o0", "no such label"))
		require.Zero(t, tally.At("no-such-option", ""))
	}
}

func TestTheReferendumBallotIsSmall(t *testing.T) {
	e := newElection(t)
	require.Equal(t, 3, e.m.Ciphertexts())
	require.Equal(t, 2221, e.m.BallotBytes())
	require.LessOrEqual(t, e.m.BallotBytes(), 2560)
}

// The prover of the tests, when it does not deviate, is the prover of the package.
func TestTheDeviatingProverIsHonestOtherwise(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	b := e.deviate(t, c, 0, e.sealed(t, c), honest)
	require.Empty(t, e.failing(t, b))
	require.NoError(t, e.verdict(t, b))
}

// Each lie is found by exactly one equation, of exactly one question.
func TestEachLieFailsAtItsEquation(t *testing.T) {
	g := babyjub.NewGenerator()
	reencrypt := func(e *election, p *arguer, cs []ciphertext) {
		for j, f := range p.layout.forms {
			m := f.at(p.b)
			cs[j].A.ScalarBaseMul(&p.r[j])
			cs[j].B.ScalarMul(&p.r[j], e.m.key.Point())
			cs[j].B.Add(&cs[j].B, new(babyjub.Point).ScalarBaseMul(&m))
		}
	}
	for name, test := range map[string]struct {
		edit     func(*Draft)
		question int
		equation string
		lie      func(e *election, step int, p *arguer, cs []ciphertext)
	}{
		"the bit 2 of an approval": {approvalOf(3), 0, equationIV, func(e *election, step int, p *arguer, cs []ciphertext) {
			if step == 0 {
				p.b[1] = scalar(2)
				reencrypt(e, p, cs)
			}
		}},
		"the bit -1 of an approval": {approvalOf(3), 0, equationIV, func(e *election, step int, p *arguer, cs []ciphertext) {
			if step == 0 {
				p.b[2] = scalar(-1)
				reencrypt(e, p, cs)
			}
		}},
		"the bits 2 and -1, with the right sum": {nil, 0, equationIV, func(e *election, step int, p *arguer, cs []ciphertext) {
			if step == 0 {
				p.b[0], p.b[1], p.b[2] = scalar(2), scalar(-1), scalar(0)
				reencrypt(e, p, cs)
			}
		}},
		"halves, with the right sum": {nil, 0, equationIV, func(e *election, step int, p *arguer, cs []ciphertext) {
			if step == 0 {
				half := scalar(2)
				half.Inverse(&half)
				p.b[0], p.b[1], p.b[2] = half, half, scalar(0)
				reencrypt(e, p, cs)
			}
		}},
		"yes and no": {nil, 0, equationV, func(e *election, step int, p *arguer, cs []ciphertext) {
			if step == 0 {
				p.b[0], p.b[1], p.b[2] = scalar(1), scalar(1), scalar(0)
				reencrypt(e, p, cs)
			}
		}},
		"blank and yes": {nil, 0, equationV, func(e *election, step int, p *arguer, cs []ciphertext) {
			if step == 0 {
				p.b[0], p.b[1], p.b[2] = scalar(1), scalar(0), scalar(1)
				reencrypt(e, p, cs)
			}
		}},
		"nothing where one is wanted": {nil, 0, equationV, func(e *election, step int, p *arguer, cs []ciphertext) {
			if step == 0 {
				p.b[0], p.b[1], p.b[2] = scalar(0), scalar(0), scalar(0)
				reencrypt(e, p, cs)
			}
		}},
		"three of two": {nil, 1, equationV, func(e *election, step int, p *arguer, cs []ciphertext) {
			if step == 0 {
				for i, v := range []int64{1, 1, 1, 0, 0, 0, 0} {
					p.b[i] = scalar(v)
				}
				reencrypt(e, p, cs)
			}
		}},
		"[A,B,A]: one option twice": {nil, 1, equationIV, func(e *election, step int, p *arguer, cs []ciphertext) {
			if step == 0 {
				for i, v := range []int64{2, 0, 0, 0, 0, 0, 0} {
					p.b[i] = scalar(v)
				}
				reencrypt(e, p, cs)
			}
		}},
		"a ciphertext of another vote": {nil, 0, equationIII, func(e *election, step int, p *arguer, cs []ciphertext) {
			if step == 0 {
				cs[0] = e.m.key.Encrypt(1<<14, &p.r[0])
			}
		}},
		"a ciphertext plus Enc(1)": {nil, 1, equationIII, func(e *election, step int, p *arguer, cs []ciphertext) {
			if step == 0 {
				cs[1].B.Add(&cs[1].B, g)
			}
		}},
		"a ciphertext with -1 in a counter": {nil, 1, equationIII, func(e *election, step int, p *arguer, cs []ciphertext) {
			if step == 0 {
				cs[0].B.Sub(&cs[0].B, g)
			}
		}},
		"another A": {nil, 0, equationII, func(e *election, step int, p *arguer, cs []ciphertext) {
			if step == 0 {
				cs[0].A.Add(&cs[0].A, g)
			}
		}},
		"a commitment to other bits": {nil, 0, equationI, func(e *election, step int, p *arguer, cs []ciphertext) {
			if step == 1 {
				p.v.Add(&p.v, &basesG(1)[0])
			}
		}},
		"a commitment with another rho": {nil, 1, equationI, func(e *election, step int, p *arguer, cs []ciphertext) {
			if step == 1 {
				p.v.Add(&p.v, baseF())
			}
		}},
		"V_a": {nil, 1, equationI, func(e *election, step int, p *arguer, cs []ciphertext) {
			ifStep(step, 1, func() { p.va.Add(&p.va, g) })
		}},
		"T_A": {nil, 0, equationII, func(e *election, step int, p *arguer, cs []ciphertext) {
			ifStep(step, 2, func() { p.ta.Add(&p.ta, g) })
		}},
		"T_B": {nil, 0, equationIII, func(e *election, step int, p *arguer, cs []ciphertext) {
			ifStep(step, 2, func() { p.tb.Add(&p.tb, g) })
		}},
		"K1": {nil, 1, equationIV, func(e *election, step int, p *arguer, cs []ciphertext) {
			ifStep(step, 2, func() { p.k1.Add(&p.k1, g) })
		}},
		"K0": {nil, 0, equationIV, func(e *election, step int, p *arguer, cs []ciphertext) {
			ifStep(step, 2, func() { p.k0.Add(&p.k0, g) })
		}},
		"alpha":              {nil, 0, equationV, func(e *election, step int, p *arguer, cs []ciphertext) { ifStep(step, 2, func() { add(&p.alpha, 1) }) }},
		"alpha, no equation": {approvalOf(2), 0, equationV, func(e *election, step int, p *arguer, cs []ciphertext) { ifStep(step, 2, func() { add(&p.alpha, 1) }) }},
		"z_rho":              {nil, 0, equationI, func(e *election, step int, p *arguer, cs []ciphertext) { ifStep(step, 3, func() { add(&p.zRho, 1) }) }},
		"z_tau":              {nil, 0, equationIV, func(e *election, step int, p *arguer, cs []ciphertext) { ifStep(step, 3, func() { add(&p.zTau, 1) }) }},
	} {
		t.Run(name, func(t *testing.T) {
			var edits []func(*Draft)
			if test.edit != nil {
				edits = append(edits, test.edit)
			}
			e := newElection(t, edits...)
			c := e.credential(t)
			b := e.deviate(t, c, 0, e.sealed(t, c), func(question, step int, p *arguer, cs []ciphertext) {
				if question == test.question {
					test.lie(e, step, p, cs)
				}
			})
			require.Equal(t, []string{fmt.Sprintf("%d%s", test.question+1, test.equation)}, e.failing(t, b))
			err := e.verdict(t, b)
			require.ErrorIs(t, err, ErrInvalid)
			require.ErrorContains(t, err, fmt.Sprintf("question %q: equation %s", e.m.draft.Questions[test.question].ID, test.equation))
		})
	}
}

func ifStep(step, wanted int, f func()) {
	if step == wanted {
		f()
	}
}

func add(s *babyjub.Scalar, v int64) {
	d := scalar(v)
	s.Add(s, &d)
}

// resign signs a ballot again after its parts were changed, as its own voter can.
func resign(t testing.TB, c *Credential, b *Ballot, change func(questions []answer)) *Ballot {
	t.Helper()
	questions := make([]answer, len(b.questions))
	for i, q := range b.questions {
		questions[i] = answer{slices.Clone(q.ciphertexts), nil, q.argument}
		questions[i].argument.f = slices.Clone(q.argument.f)
	}
	change(questions)
	for i := range questions {
		questions[i].encoded = ciphertextBytes(questions[i].ciphertexts)
		p := arguer{argument: questions[i].argument}
		p.encodeAgain(6)
		questions[i].argument = p.argument
	}
	out, err := c.assemble(questions, b.sequence)
	require.NoError(t, err)
	return out
}

func TestAttack03EveryFieldOfTheArgumentIsChecked(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	b := e.ballot(t, c, 0)
	require.NoError(t, e.verifier(t).Verify(context.Background(), resign(t, c, b, func([]answer) {})))

	g := babyjub.NewGenerator()
	torsion := babyjubtest.Torsion()[1]
	var zero babyjub.Scalar
	v := e.verifier(t)
	reject := func(name string, change func([]answer)) {
		changed := resign(t, c, b, change)
		require.ErrorIs(t, v.Verify(context.Background(), changed), ErrInvalid, name)
	}
	for i := range b.questions {
		for k, name := range pointNames {
			name = fmt.Sprintf("question %d: %s", i, name)
			reject(name+" + G", func(q []answer) { p := q[i].argument.points()[k]; p.Add(p, g) })
			reject(name+" + torsion", func(q []answer) { p := q[i].argument.points()[k]; p.Add(p, &torsion) })
			reject(name+" = 0", func(q []answer) { q[i].argument.points()[k].SetIdentity() })
			reject("-"+name, func(q []answer) { p := q[i].argument.points()[k]; p.Neg(p) })
		}
		for k := range b.questions[i].argument.scalars() {
			name := fmt.Sprintf("question %d: %s", i, scalarName(k, e.m.layouts[i].bits))
			reject(name+" + 1", func(q []answer) { add(q[i].argument.scalars()[k], 1) })
			reject(name+" = 0", func(q []answer) { q[i].argument.scalars()[k].Set(&zero) })
		}
		for j := range b.questions[i].ciphertexts {
			name := fmt.Sprintf("question %d: ciphertext %d", i, j)
			reject(name+": A", func(q []answer) { p := &q[i].ciphertexts[j].A; p.Add(p, g) })
			reject(name+": B", func(q []answer) { p := &q[i].ciphertexts[j].B; p.Add(p, g) })
			reject(name+": torsion", func(q []answer) { p := &q[i].ciphertexts[j].A; p.Add(p, &torsion) })
			reject(name+" = 0", func(q []answer) { q[i].ciphertexts[j] = elgamal.NewCiphertext() })
		}
	}
	reject("swapped arguments", func(q []answer) {
		q[0].argument.v, q[1].argument.v = q[1].argument.v, q[0].argument.v
	})
	reject("swapped ciphertexts", func(q []answer) {
		q[1].ciphertexts[0], q[1].ciphertexts[1] = q[1].ciphertexts[1], q[1].ciphertexts[0]
	})

	// The signature, and every byte before it.
	for at := range b.raw {
		raw := b.Bytes()
		raw[at] ^= 1
		if changed, err := ParseBallot(e.m, raw); err == nil {
			require.ErrorIs(t, v.Verify(context.Background(), changed), ErrInvalid, "byte %d", at)
		}
	}
}

func TestAttack01EveryPartOfTheStatementIsInBothChallenges(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	b := e.ballot(t, c, 0)
	draw := func(m *Manifest, b *Ballot, i int) (babyjub.Scalar, babyjub.Scalar) {
		y, x := b.questions[i].argument.challenges(m.questionTranscript(m.statementTranscript(&b.voter, b.sequence, b.questions), i), m.layouts[i])
		return y.u[0], x
	}
	for i := range b.questions {
		y, x := draw(e.m, b, i)
		for name, change := range map[string]func(m *Manifest, b *Ballot){
			"election":         func(m *Manifest, b *Ballot) { m.id[31]++ },
			"key":              func(m *Manifest, b *Ballot) { p := randomPoint(); m.key, _ = elgamal.NewPublicKey(&p) },
			"question id":      func(m *Manifest, b *Ballot) { m.draft.Questions[i].ID += "x" },
			"layout":           func(m *Manifest, b *Ballot) { m.layouts[i].digest[0]++ },
			"nullifier":        func(m *Manifest, b *Ballot) { b.voter.nullifier[31]++ },
			"ballot key":       func(m *Manifest, b *Ballot) { b.voter.keyBytes[0]++ },
			"weight":           func(m *Manifest, b *Ballot) { b.voter.weight++ },
			"sequence":         func(m *Manifest, b *Ballot) { b.sequence++ },
			"ciphertext":       func(m *Manifest, b *Ballot) { b.questions[i].encoded[0]++ },
			"other ciphertext": func(m *Manifest, b *Ballot) { b.questions[1-i].encoded[0]++ },
			"V":                func(m *Manifest, b *Ballot) { b.questions[i].argument.encoded[0]++ },
			"V_a":              func(m *Manifest, b *Ballot) { b.questions[i].argument.encoded[64]++ },
		} {
			m2, b2 := cloneForTest(e.m), cloneBallot(t, e.m, b)
			change(m2, b2)
			y2, x2 := draw(m2, b2, i)
			require.False(t, y.Equal(&y2), "%s and y", name)
			require.False(t, x.Equal(&x2), "%s and x", name)
		}
		for name, change := range map[string]func(b *Ballot){
			"T_A":   func(b *Ballot) { b.questions[i].argument.encoded[2*64]++ },
			"T_B":   func(b *Ballot) { b.questions[i].argument.encoded[3*64]++ },
			"K1":    func(b *Ballot) { b.questions[i].argument.encoded[4*64]++ },
			"K0":    func(b *Ballot) { b.questions[i].argument.encoded[5*64]++ },
			"alpha": func(b *Ballot) { add(&b.questions[i].argument.alpha, 1) },
		} {
			b2 := cloneBallot(t, e.m, b)
			change(b2)
			y2, x2 := draw(e.m, b2, i)
			require.True(t, y.Equal(&y2), "%s is sent after y", name)
			require.False(t, x.Equal(&x2), "%s and x", name)
		}
	}

	// Two questions with one layout and one id differ by their position.
	m2 := cloneForTest(e.m)
	m2.layouts[1], m2.draft.Questions[1] = m2.layouts[0], m2.draft.Questions[0]
	shared := m2.statementTranscript(&b.voter, 0, b.questions)
	require.NotEqual(t, m2.questionTranscript(shared, 0).Challenge("y", 32), m2.questionTranscript(shared, 1).Challenge("y", 32))
}

func cloneForTest(m *Manifest) *Manifest {
	c := *m
	c.draft.Questions = slices.Clone(m.draft.Questions)
	c.layouts = nil
	for _, l := range m.layouts {
		clone := *l
		c.layouts = append(c.layouts, &clone)
	}
	return &c
}

func cloneBallot(t testing.TB, m *Manifest, b *Ballot) *Ballot {
	t.Helper()
	c, err := ParseBallot(m, b.raw)
	require.NoError(t, err)
	return c
}

// With the challenges of an honest ballot, commitments can be solved for after any other part
// was changed. Every such forgery verifies if the changed part is not in the challenge.
func TestAttack01CommitmentsSolvedForTheStatementAreRejected(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	b := e.ballot(t, c, 0)
	p := e.m.draw(b)
	d := randomPoint()
	for i := range b.questions {
		x := p.x[i]
		// minus returns q - s d.
		minus := func(q *babyjub.Point, s babyjub.Scalar) {
			var t babyjub.Point
			q.Sub(q, t.ScalarMul(&s, &d))
		}
		for name, forge := range map[string]func(q *answer){
			"V, V_a": func(q *answer) { q.argument.v.Add(&q.argument.v, &d); minus(&q.argument.va, x) },
			"A_1, T_A": func(q *answer) {
				a := &q.ciphertexts[0].A
				a.Add(a, &d)
				minus(&q.argument.ta, *new(babyjub.Scalar).Mul(&x, &p.y[i].u[0]))
			},
			"B_1, T_B": func(q *answer) {
				a := &q.ciphertexts[0].B
				a.Add(a, &d)
				minus(&q.argument.tb, *new(babyjub.Scalar).Mul(&x, &p.y[i].u[0]))
			},
			"K1, K0": func(q *answer) { q.argument.k1.Add(&q.argument.k1, &d); minus(&q.argument.k0, x) },
			"alpha, f": func(q *answer) {
				// f_1 + 1: C(f) grows by v_1; V_a by G_1; T_B by u_1 L_1(1) G; K0 by the change of w_1 f_1 (x - f_1).
				a := &q.argument
				one := scalar(1)
				unit := make([]babyjub.Scalar, len(a.f))
				unit[0] = one
				old, now := bitTerm(&a.f[0], &x), babyjub.Scalar{}
				a.f[0].Add(&a.f[0], &one)
				now = bitTerm(&a.f[0], &x)
				now.Sub(&now, &old)
				now.Mul(&now, &p.y[i].w[0])
				a.va.Add(&a.va, &basesG(1)[0])
				l := e.m.layouts[i].combineForms(p.y[i].u, unit)
				a.tb.Add(&a.tb, new(babyjub.Point).ScalarBaseMul(&l))
				a.k0.Add(&a.k0, new(babyjub.Point).ScalarBaseMul(&now))
				v := e.m.layouts[i].combineConstraints(p.y[i].v, unit)
				a.alpha.Add(&a.alpha, &v)
			},
		} {
			forged := resign(t, c, b, func(q []answer) { forge(&q[i]) })
			// The equations hold under the old challenges: the forgery is right.
			old := &prepared{m: e.m, b: forged, y: p.y, x: p.x}
			require.True(t, old.constraints(i), name)
			for _, equation := range equations {
				var s sum
				one := scalar(1)
				equation.add(old, i, &one, &s)
				require.True(t, s.vanishes(e.m), "%s: %s", name, equation.name)
			}
			require.ErrorIs(t, e.verdict(t, forged), ErrInvalid, name)
		}
	}

	// The same for the signature: K + D, R - c D.
	c2 := &Credential{m: e.m, k: c.k, voter: c.voter}
	c2.voter.key.Add(&c2.voter.key, &d)
	c2.voter.keyBytes = c2.voter.key.Bytes()
	raw := b.Bytes()
	copy(raw[65:], c2.voter.keyBytes[:])
	r := b.signature.R
	r.Sub(&r, new(babyjub.Point).ScalarMul(&p.c, &d))
	encoded := r.Bytes()
	copy(raw[len(raw)-signatureSize:], encoded[:])
	b2, err := ParseBallot(e.m, raw)
	require.NoError(t, err)
	require.Error(t, e.m.draw(b2).exact())
}

// bitTerm returns f (x - f).
func bitTerm(f, x *babyjub.Scalar) babyjub.Scalar {
	var t babyjub.Scalar
	t.Sub(x, f)
	return *t.Mul(&t, f)
}

func TestAttack06CopiedBallotsAreRejected(t *testing.T) {
	e := newElection(t, func(d *Draft) {
		d.Questions = append(d.Questions, question("again", d.Questions[1].Rule, "bridge", "library", "park", "school"))
	})
	victim, thief := e.credential(t), e.credential(t)
	b := e.ballot(t, victim, 0)
	steal := func(change func(q []answer)) error { return e.verdict(t, resign(t, thief, b, change)) }

	require.ErrorIs(t, steal(func([]answer) {}), ErrInvalid, "exact copy under another voter")
	require.ErrorIs(t, steal(func(q []answer) { q[1], q[2] = q[2], q[1] }), ErrInvalid, "permuted")

	// Re-randomised, with the response that belongs to it: C + Enc(0; d), z_r + x u d.
	p := e.m.draw(b)
	d := randomScalar()
	zero := e.m.key.Encrypt(0, &d)
	randomize := func(q []answer) {
		c := &q[1].ciphertexts[0]
		c.Add(c, &zero)
		var s babyjub.Scalar
		s.Mul(&p.x[1], &p.y[1].u[0])
		s.Mul(&s, &d)
		q[1].argument.zR.Add(&q[1].argument.zR, &s)
	}
	require.ErrorIs(t, steal(randomize), ErrInvalid, "re-randomised")
	require.ErrorIs(t, e.verdict(t, resign(t, victim, b, randomize)), ErrInvalid, "re-randomised by its own voter")

	// One answer copied into the ballot of the thief, to its question and to the other one.
	own := e.ballot(t, thief, 0)
	require.NoError(t, e.verdict(t, own))
	for _, to := range []int{1, 2} {
		copied := resign(t, thief, own, func(q []answer) { q[to] = b.questions[1] })
		require.ErrorIs(t, e.verdict(t, copied), ErrInvalid, "answer copied to question %d", to)
	}
	swapped := resign(t, victim, b, func(q []answer) { q[1], q[2] = q[2], q[1] })
	require.ErrorIs(t, e.verdict(t, swapped), ErrInvalid, "answers exchanged")

	// Under another ballot key, number and election.
	k := randomScalar()
	other := newCredential(e.m, &k)
	other.voter.nullifier = victim.voter.nullifier
	e.forge(t, other)
	require.ErrorIs(t, e.verdict(t, resign(t, other, b, func([]answer) {})), ErrInvalid, "another ballot key")
	later := cloneBallot(t, e.m, b)
	later.sequence = 1
	require.ErrorIs(t, e.verdict(t, resign(t, victim, later, func([]answer) {})), ErrInvalid, "another number")

	e2 := &election{m: cloneForTest(e.m), key: e.key}
	e2.m.id[0] ^= 1
	_, err := ParseBallot(e2.m, b.raw)
	require.ErrorIs(t, err, ErrUnknownElection)
	there := &Credential{m: e2.m, k: victim.k, voter: victim.voter}
	moved := resign(t, there, b, func([]answer) {})
	err = e2.verdict(t, moved)
	require.ErrorIs(t, err, ErrInvalid, "another election")
	require.ErrorContains(t, err, "membership")
	e2.forge(t, there)
	require.ErrorContains(t, e2.verdict(t, resign(t, there, b, func([]answer) {})), "equation", "another election, with a membership")
}

func TestAttack08PoisonBallotsAreRejected(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	b := e.ballot(t, c, 0)
	identities := resign(t, c, b, func(q []answer) {
		for i := range q {
			for j := range q[i].ciphertexts {
				q[i].ciphertexts[j] = elgamal.NewCiphertext()
			}
		}
	})
	require.ErrorIs(t, e.verdict(t, identities), ErrInvalid)

	// The prover's best: it knows the bits and the randomness 0, but 0 is no vote on the treaty.
	s := e.sealed(t, c)
	best := e.deviate(t, c, 0, s, func(question, step int, p *arguer, cs []ciphertext) {
		if step == 0 {
			for i := range p.b {
				p.b[i] = babyjub.Scalar{}
			}
			for j := range cs {
				p.r[j] = babyjub.Scalar{}
				cs[j] = elgamal.NewCiphertext()
			}
		}
	})
	require.Equal(t, []string{"1" + equationV, "2" + equationV}, e.failing(t, best))
	require.ErrorIs(t, e.verdict(t, best), ErrInvalid)

	// Lists of ciphertexts that are empty or longer have no encoding.
	for _, change := range []func([]byte) []byte{
		func(raw []byte) []byte { return slices.Delete(raw, ballotHeadSize, ballotHeadSize+ciphertextSize) },
		func(raw []byte) []byte { return slices.Insert(raw, ballotHeadSize, make([]byte, ciphertextSize)...) },
		func(raw []byte) []byte { return slices.Insert(raw, ballotHeadSize, make([]byte, 1<<24)...) },
	} {
		_, err := ParseBallot(e.m, change(b.Bytes()))
		require.ErrorIs(t, err, ErrMalformed)
	}

	// Approving nothing with randomness 0 is a vote like any other: identities are legal there.
	e = newElection(t, approvalOf(4))
	c = e.credential(t)
	nothing := e.deviate(t, c, 0, e.sealed(t, c), func(question, step int, p *arguer, cs []ciphertext) {
		if step == 0 {
			for i := range p.b {
				p.b[i] = babyjub.Scalar{}
			}
			for j := range cs {
				p.r[j] = babyjub.Scalar{}
				cs[j] = elgamal.NewCiphertext()
			}
		}
	})
	require.NoError(t, e.verdict(t, nothing))
}

// A voter adds points of small order to her own ballot, wherever there is a point. Single and
// batch verdicts agree, and the tally opens to what her bits say.
func TestAttack04TorsionAnywhereChangesNothing(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	s := e.sealed(t, c)
	torsion := babyjubtest.Torsion()
	require.Len(t, torsion, 8)
	require.True(t, torsion[0].IsIdentity())
	v := e.verifier(t)
	for k, tor := range torsion {
		var accepted []*Ballot
		for _, where := range append([]string{"A", "B", "A and B", "everywhere"}, pointNames...) {
			at := func(name string, p *babyjub.Point) {
				if where == name || where == "everywhere" || where == "A and B" && (name == "A" || name == "B") {
					p.Add(p, &tor)
				}
			}
			b := e.deviate(t, c, 0, s, func(_, step int, p *arguer, cs []ciphertext) {
				for j := range cs {
					at("A", &cs[j].A)
					at("B", &cs[j].B)
				}
				from, to := 0, 0
				switch step {
				case 1:
					from, to = 0, 2
				case 2:
					from, to = 2, 6
				}
				for n := from; n < to; n++ {
					at(pointNames[n], p.points()[n])
				}
			})
			require.NoError(t, v.Verify(context.Background(), b), "torsion %d in %s", k, where)
			accepted = append(accepted, b)

			for i, l := range e.m.layouts {
				for j, f := range l.forms {
					require.True(t, e.decrypts(&b.questions[i].ciphertexts[j], uint64(f.value(s.opening.questions[i].bits))), "torsion %d in %s", k, where)
				}
			}
		}
		verdicts, err := e.verifier(t).VerifyBatch(context.Background(), accepted)
		require.NoError(t, err)
		for _, err := range verdicts {
			require.NoError(t, err)
		}

		// In the ballot key, with a membership for that key, and in the signature.
		c2 := &Credential{m: e.m, k: c.k, voter: c.voter}
		c2.voter.key.Add(&c2.voter.key, &tor)
		c2.voter.keyBytes = c2.voter.key.Bytes()
		e.forge(t, c2)
		require.NoError(t, e.verdict(t, e.deviate(t, c2, 0, s, honest)), "torsion %d in K", k)

		b := e.ballot(t, e.credentialWithKey(t, c2), 0)
		require.NoError(t, e.verdict(t, e.signWithTorsion(t, c2, b, &tor)), "torsion %d in R", k)

		// As the whole ballot key it is refused, whatever the proofs say.
		raw := b.Bytes()
		encoded := tor.Bytes()
		copy(raw[65:], encoded[:])
		_, err = ParseBallot(e.m, raw)
		require.ErrorIs(t, err, ErrMalformed, "K of small order %d", k)
	}
}

// decrypts reports whether 8 C decrypts to 8 m G.
func (e *election) decrypts(c *ciphertext, m uint64) bool {
	var eight ciphertext
	eight.MulByCofactor(c)
	var mask, want babyjub.Point
	mask.ScalarMul(&e.secret, &eight.A)
	eight.B.Sub(&eight.B, &mask)
	want.ScalarBaseMul(new(babyjub.Scalar).SetUint64(m))
	return eight.B.Equal(want.MulByCofactor(&want))
}

func (e *election) credentialWithKey(t testing.TB, c *Credential) *Credential {
	return &Credential{m: e.m, k: c.k, voter: c.voter}
}

// signWithTorsion signs b with a commitment R that has a component of small order.
func (e *election) signWithTorsion(t testing.TB, c *Credential, b *Ballot, torsion *babyjub.Point) *Ballot {
	t.Helper()
	signed := b.raw[:len(b.raw)-signatureSize]
	r := randomScalar()
	signature := b.signature
	signature.R.ScalarBaseMul(&r)
	signature.R.Add(&signature.R, torsion)
	challenge := signature.Challenge(ballotSignatureTranscript(e.m.id, signed), &b.voter.key)
	signature.Z.Mul(&challenge, &c.k)
	signature.Z.Add(&signature.Z, &r)
	encoded := signature.Bytes()
	out, err := ParseBallot(e.m, append(slices.Clone(signed), encoded[:]...))
	require.NoError(t, err)
	return out
}

func TestAttack44ErrorsThatCancelAreBothNamed(t *testing.T) {
	e := newElection(t)
	d := randomPoint()
	c1, c2 := e.credential(t), e.credential(t)
	good := e.ballot(t, e.credential(t), 0)
	shift := func(c *Credential, k int, sign int) *Ballot {
		return e.deviate(t, c, 0, e.sealed(t, c), func(question, step int, p *arguer, _ []ciphertext) {
			if question == 0 && step == 2 {
				point := p.points()[k]
				if sign > 0 {
					point.Add(point, &d)
				} else {
					point.Sub(point, &d)
				}
			}
		})
	}
	for k := 2; k < 6; k++ {
		for l := 2; l < 6; l++ {
			plus, minus := shift(c1, k, +1), shift(c2, l, -1)
			verdicts, err := e.verifier(t).VerifyBatch(context.Background(), []*Ballot{plus, good, minus})
			require.NoError(t, err)
			require.ErrorIs(t, verdicts[0], ErrInvalid)
			require.NoError(t, verdicts[1])
			require.ErrorIs(t, verdicts[2], ErrInvalid)
		}
	}

	// Within one ballot: two equations, and two questions.
	for _, questions := range [][2]int{{0, 0}, {0, 1}} {
		b := e.deviate(t, c1, 0, e.sealed(t, c1), func(question, step int, p *arguer, _ []ciphertext) {
			if step == 2 {
				if question == questions[0] {
					p.tb.Add(&p.tb, &d)
				}
				if question == questions[1] {
					p.k0.Sub(&p.k0, &d)
				}
			}
		})
		require.Len(t, e.failing(t, b), 2)
		require.ErrorIs(t, e.verdict(t, b), ErrInvalid)
	}
}

func TestAttack44WeightsOfABatchAreFreshAndDiffer(t *testing.T) {
	// Two ballots, wrong by +D and by -D: with equal or with repeated weights some batch would pass.
	e := newElection(t)
	c := e.credential(t)
	wrong := func(sign int64) *Ballot {
		return e.deviate(t, c, 0, e.sealed(t, c), func(_, step int, p *arguer, _ []ciphertext) {
			ifStep(step, 2, func() { s := scalar(sign); p.ta.Add(&p.ta, new(babyjub.Point).ScalarBaseMul(&s)) })
		})
	}
	ballots := []*Ballot{wrong(1), wrong(-1), wrong(2), wrong(-2)}
	var list []*prepared
	for _, b := range ballots {
		list = append(list, e.m.draw(b))
	}
	for range 20 {
		require.False(t, e.m.together(list))
		require.False(t, e.m.together(list[:2]))
	}
}

func TestSettleReportsWhetherItFoundOne(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	good := e.ballot(t, c, 0)
	bad := e.deviate(t, c, 0, e.sealed(t, c), func(_, step int, p *arguer, _ []ciphertext) {
		ifStep(step, 2, func() { p.ta.Add(&p.ta, babyjub.NewGenerator()) })
	})
	v := e.verifier(t)
	for name, want := range map[string][]bool{
		"none": {false, false, false}, "first": {true, false, false}, "last": {false, false, true}, "alone": {true}, "good alone": {false},
	} {
		list, verdicts := make([]*prepared, len(want)), make([]error, len(want))
		for i, isBad := range want {
			b := good
			if isBad {
				b = bad
			}
			list[i] = e.m.draw(b)
			list[i].verdict = &verdicts[i]
		}
		found := slices.Contains(want, true)
		require.Equal(t, !found, e.m.together(list), name)
		for _, knownBad := range []bool{false, true} {
			clear(verdicts)
			require.Equal(t, found, v.settle(t.Context(), list, knownBad), name)
			for i := range want {
				require.Equal(t, want[i], verdicts[i] != nil, "%s: ballot %d", name, i)
			}
			clear(verdicts)
			cancelled, cancel := context.WithCancel(t.Context())
			cancel()
			require.False(t, v.settle(cancelled, list, knownBad), name)
			require.Equal(t, make([]error, len(want)), verdicts, "a batch that was cancelled goes no further")
		}
		if !found {
			one := &countdown{Context: t.Context()}
			one.looks.Store(1)
			require.False(t, v.settle(one, list, false), name)
			require.Zero(t, one.looks.Load(), "%s: what holds together is not taken apart", name)
		}
	}
}

func TestAttack19OptionsExchangedMakeAnotherElection(t *testing.T) {
	d, e := draft(t)
	m, err := NewManifest(d)
	require.NoError(t, err)
	e.m = m
	c := e.credential(t)
	b := e.ballot(t, c, 0)

	slices.Reverse(d.Questions[0].Options)
	swapped, err := NewManifest(d)
	require.NoError(t, err)
	require.NotEqual(t, m.layouts[0].digest, swapped.layouts[0].digest)
	require.NotEqual(t, m.ID(), swapped.ID())
	_, err = ParseBallot(swapped, b.raw)
	require.ErrorIs(t, err, ErrUnknownElection)

	e2 := &election{m: swapped, key: e.key}
	there := &Credential{m: swapped, k: c.k, voter: c.voter}
	e2.forge(t, there)
	require.ErrorContains(t, e2.verdict(t, resign(t, there, b, func([]answer) {})), "equation")
}

func TestAttack02BasesAreComputedNotRead(t *testing.T) {
	seen := map[[64]byte]bool{babyjub.NewGenerator().Bytes(): true}
	for i, p := range append(basesG(200), *baseF()) {
		require.True(t, p.InSubgroup())
		require.False(t, p.IsIdentity())
		require.False(t, seen[p.Bytes()], "base %d again", i)
		seen[p.Bytes()] = true
	}
	g1 := babyjub.HashToPoint("scrutin/v1/ballot/G/1")
	require.True(t, g1.Equal(&basesG(1)[0]))
	g200 := babyjub.HashToPoint("scrutin/v1/ballot/G/200")
	require.True(t, g200.Equal(&basesG(200)[199]))

	s := make([]babyjub.Scalar, 131)
	for i := range s {
		s[i] = scalar(int64(i))
	}
	r := randomScalar()
	points := append(slices.Clone(basesG(len(s))), *baseF())
	got, want := commit(s, &r), babyjub.VarTimeMultiScalarMul(append(s, r), points)
	require.True(t, want.Equal(&got))
	for i := range s {
		s[i] = scalar(int64(i * i % 3 % 2))
	}
	got, want = commitBits(s, &r), babyjub.VarTimeMultiScalarMul(append(s, r), points)
	require.True(t, want.Equal(&got))
}

func TestTranscriptLabelsAreThoseOfTheSpecification(t *testing.T) {
	e := newElection(t)
	b := e.ballot(t, e.credential(t), 2)
	for i := range b.questions {
		h := e.m.key.Bytes()
		tr := transcript.New("ballot")
		tr.AbsorbUint64("version", 1)
		tr.Absorb("election", e.m.id[:])
		tr.Absorb("key", h[:])
		tr.Absorb("nullifier", b.raw[33:65])
		tr.Absorb("ballot key", b.raw[65:129])
		tr.Absorb("weight", make([]byte, 8))
		tr.AbsorbUint64("sequence", 2)
		at := ballotHeadSize
		sizes := []int{128, 256}
		bits := []int{3, 7}
		var start int
		for k, size := range sizes {
			tr.Absorb("ciphertexts", b.raw[at:at+size])
			if k == i {
				start = at + size
			}
			at += size + 6*64 + 32*(1+bits[k]+3)
		}
		require.Equal(t, len(b.raw)-96, at)
		tr.AbsorbUint64("question", uint64(i+1))
		tr.Absorb("question id", []byte(e.m.draft.Questions[i].ID))
		tr.Absorb("layout", e.m.layouts[i].digest[:])
		tr.Absorb("V", b.raw[start:start+64])
		tr.Absorb("V_a", b.raw[start+64:start+128])
		n, m, c := bits[i], sizes[i]/128, 1
		y := tr.Challenge("y", 64*(n+m+c))
		tr.Absorb("T_A", b.raw[start+128:start+192])
		tr.Absorb("T_B", b.raw[start+192:start+256])
		tr.Absorb("K1", b.raw[start+256:start+320])
		tr.Absorb("K0", b.raw[start+320:start+384])
		tr.Absorb("alpha", b.raw[start+384:start+416])
		x := *new(babyjub.Scalar).SetUniformBytes(tr.Challenge("x", 64))

		p := e.m.draw(b)
		require.True(t, p.x[i].Equal(&x))
		expanded := slices.Concat(p.y[i].u, p.y[i].w, p.y[i].v)
		for k := range expanded {
			require.True(t, expanded[k].Equal(new(babyjub.Scalar).SetUniformBytes(y[64*k:][:64])))
		}
	}
	var w bytes.Buffer
	w.Write(b.raw[:1+32])
	require.Equal(t, append([]byte{1}, e.m.id[:]...), w.Bytes())
	require.Equal(t, proof.Nullifier(b.raw[33:65]), b.Nullifier())
}
