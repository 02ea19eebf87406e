package ballot

import (
	"fmt"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
)

// argument proves that a question's ciphertexts encrypt the forms of bits that satisfy the
// constraints. docs/spec/ballot.md, "Argument".
type argument struct {
	v, va  babyjub.Point // V = sum b_i G_i + rho F, V_a = sum a_i G_i + sigma F
	ta, tb babyjub.Point // T = (s G, (sum_j u_j L_j(a)) G + s H)
	k1, k0 babyjub.Point
	alpha  babyjub.Scalar
	f      []babyjub.Scalar // f_i = x b_i + a_i
	zRho   babyjub.Scalar   // x rho + sigma
	zR     babyjub.Scalar   // x sum_j u_j r_j + s
	zTau   babyjub.Scalar   // x tau1 + tau0

	encoded []byte // of V, V_a, T_A, T_B, K1, K0
}

// points and scalars list the parts in the order of the encoding.
func (a *argument) points() []*babyjub.Point {
	return []*babyjub.Point{&a.v, &a.va, &a.ta, &a.tb, &a.k1, &a.k0}
}

func (a *argument) scalars() []*babyjub.Scalar {
	out := make([]*babyjub.Scalar, 0, len(a.f)+4)
	out = append(out, &a.alpha)
	for i := range a.f {
		out = append(out, &a.f[i])
	}
	return append(out, &a.zRho, &a.zR, &a.zTau)
}

var pointNames = []string{"V", "V_a", "T_A", "T_B", "K1", "K0"}

func (a *argument) read(l *layout, r *wire.Reader) error {
	a.encoded = r.Raw(len(pointNames) * pointSize)
	points := wire.NewReader(a.encoded)
	for i, p := range a.points() {
		if err := p.SetBytes(points.Raw(pointSize)); err != nil {
			return fmt.Errorf("%s: %v", pointNames[i], err)
		}
	}
	a.f = make([]babyjub.Scalar, l.bits)
	for i, s := range a.scalars() {
		if err := s.SetBytes(r.Raw(scalarSize)); err != nil {
			return fmt.Errorf("%s: %v", scalarName(i, l.bits), err)
		}
	}
	return nil
}

func scalarName(i, bits int) string {
	switch {
	case i == 0:
		return "alpha"
	case i <= bits:
		return fmt.Sprintf("f_%d", i)
	}
	return []string{"z_rho", "z_r", "z_tau"}[i-bits-1]
}

func (a *argument) write(w *wire.Writer) {
	w.Raw(a.encoded)
	for _, s := range a.scalars() {
		b := s.Bytes()
		w.Raw(b[:])
	}
}

// statementTranscript absorbs what all questions of a ballot share of the statement.
func (m *Manifest) statementTranscript(v *voter, sequence uint32, questions []answer) *transcript.Transcript {
	h := m.key.Bytes()
	t := transcript.New("ballot")
	t.AbsorbUint64("version", formatVersion)
	t.Absorb("election", m.id[:])
	t.Absorb("key", h[:])
	t.Absorb("nullifier", v.nullifier[:])
	t.Absorb("ballot key", v.keyBytes[:])
	t.AbsorbUint64("weight", v.weight)
	t.AbsorbUint64("sequence", uint64(sequence))
	for i := range questions {
		t.Absorb("ciphertexts", questions[i].encoded)
	}
	return t
}

// questionTranscript absorbs the rest of the statement of question i, from 0.
func (m *Manifest) questionTranscript(shared *transcript.Transcript, i int) *transcript.Transcript {
	t := shared.Clone()
	t.AbsorbUint64("question", uint64(i+1))
	t.Absorb("question id", []byte(m.draft.Questions[i].ID))
	t.Absorb("layout", m.layouts[i].digest[:])
	return t
}

// weights are what the challenge y expands to.
type weights struct {
	u []babyjub.Scalar // of the ciphertexts
	w []babyjub.Scalar // of the bits
	v []babyjub.Scalar // of the constraints
}

func challengeWeights(t *transcript.Transcript, l *layout) weights {
	n, m, c := l.bits, len(l.forms), len(l.constraints)
	all := make([]babyjub.Scalar, m+n+c)
	b := t.Challenge("y", 64*len(all))
	for i := range all {
		all[i].SetUniformBytes(b[64*i:][:64])
	}
	return weights{all[:m], all[m : m+n], all[m+n:]}
}

func challengeScalar(t *transcript.Transcript, label string) (x babyjub.Scalar) {
	x.SetUniformBytes(t.Challenge(label, 64))
	return x
}

// combine returns sum_i weights[i] values[i].
func combine(weights, values []babyjub.Scalar) babyjub.Scalar {
	var sum, product babyjub.Scalar
	for i := range weights {
		sum.Add(&sum, product.Mul(&weights[i], &values[i]))
	}
	return sum
}

// forms returns sum_j u_j L_j(f).
func (l *layout) combineForms(u, f []babyjub.Scalar) babyjub.Scalar {
	var sum babyjub.Scalar
	for j := range l.forms {
		value := l.forms[j].at(f)
		value.Mul(&value, &u[j])
		sum.Add(&sum, &value)
	}
	return sum
}

// combineConstraints returns sum_k v_k C_k(f).
func (l *layout) combineConstraints(v, f []babyjub.Scalar) babyjub.Scalar {
	var sum babyjub.Scalar
	for k := range l.constraints {
		value := l.constraints[k].left.at(f)
		value.Mul(&value, &v[k])
		sum.Add(&sum, &value)
	}
	return sum
}

// combineRight returns sum_k v_k c_k.
func (l *layout) combineRight(v []babyjub.Scalar) babyjub.Scalar {
	var sum, product babyjub.Scalar
	for k := range l.constraints {
		sum.Add(&sum, product.Mul(&v[k], &l.constraints[k].scalar))
	}
	return sum
}

// challenges draws y and x, absorbing what is sent before each.
func (a *argument) challenges(t *transcript.Transcript, l *layout) (y weights, x babyjub.Scalar) {
	y = a.challengeY(t, l)
	return y, a.challengeX(t)
}

func (a *argument) challengeY(t *transcript.Transcript, l *layout) weights {
	a.absorb(t, 0, 2)
	return challengeWeights(t, l)
}

func (a *argument) challengeX(t *transcript.Transcript) babyjub.Scalar {
	a.absorb(t, 2, 6)
	alpha := a.alpha.Bytes()
	t.Absorb("alpha", alpha[:])
	return challengeScalar(t, "x")
}

// absorb absorbs the points number from to to-1.
func (a *argument) absorb(t *transcript.Transcript, from, to int) {
	for i := from; i < to; i++ {
		t.Absorb(pointNames[i], a.encoded[i*pointSize:][:pointSize])
	}
}
