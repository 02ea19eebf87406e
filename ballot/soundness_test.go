package ballot

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
)

// The soundness proof of docs/spec/ballot.md, section 7, run on the real group. The tests talk to a prover by hand:
// the verifier's challenges are the tests', which go back and ask again.

// refusing lists the equations that do not hold between these moves.
func (e *election) refusing(cs []ciphertext, a argument, y weights, x babyjub.Scalar) (out []string) {
	b := &Ballot{questions: []answer{{ciphertexts: cs, argument: a}}}
	p := &prepared{m: e.m, b: b, y: []weights{y}, x: []babyjub.Scalar{x}}
	for _, equation := range equations {
		var s sum
		one := scalar(1)
		if equation.add(p, 0, &one, &s); !s.vanishes(e.m) {
			out = append(out, equation.name)
		}
	}
	if !p.constraints(0) {
		out = append(out, constraintsName)
	}
	return out
}

// arguer returns a prover of the first question's argument, about a statement of nobody.
func (e *election) arguer(w witness) *arguer {
	t := e.m.questionTranscript(e.m.statementTranscript(&voter{}, 0, nil), 0)
	return newArguer(t, e.m.layouts[0], e.m.key, w, []byte("test"))
}

func randomWeights(l *layout) weights {
	list := func(n int) (out []babyjub.Scalar) {
		for range n {
			out = append(out, randomScalar())
		}
		return out
	}
	return weights{list(len(l.forms)), list(l.bits), list(len(l.constraints))}
}

func sub(a, b babyjub.Scalar) babyjub.Scalar  { return *new(babyjub.Scalar).Sub(&a, &b) }
func plus(a, b babyjub.Scalar) babyjub.Scalar { return *new(babyjub.Scalar).Add(&a, &b) }
func mul(a, b babyjub.Scalar) babyjub.Scalar  { return *new(babyjub.Scalar).Mul(&a, &b) }
func div(a, b babyjub.Scalar) babyjub.Scalar  { return mul(a, *new(babyjub.Scalar).Inverse(&b)) }

// solve returns the x with rows[i] * x = right[i], by Gauss and Jordan; false if the rows do not span.
func solve(rows [][]babyjub.Scalar, right []babyjub.Scalar) ([]babyjub.Scalar, bool) {
	n := len(rows[0])
	var m [][]babyjub.Scalar
	for i := range rows {
		m = append(m, append(append([]babyjub.Scalar(nil), rows[i]...), right[i]))
	}
	for c := range n {
		pivot := c
		for pivot < len(m) && m[pivot][c].IsZero() {
			pivot++
		}
		if pivot >= len(m) {
			return nil, false
		}
		m[c], m[pivot] = m[pivot], m[c]
		for i := range m {
			if i == c || m[i][c].IsZero() {
				continue
			}
			k := div(m[i][c], m[c][c])
			for j := range m[i] {
				m[i][j] = sub(m[i][j], mul(k, m[c][j]))
			}
		}
	}
	out := make([]babyjub.Scalar, n)
	for c := range n {
		out[c] = div(m[c][n], m[c][c])
	}
	for i := n; i < len(m); i++ { // equations beyond the first n agree
		if !m[i][n].IsZero() {
			return nil, false
		}
	}
	return out, true
}

// run is what the extractor sees of one y: the second move, and the responses to three x.
type run struct {
	y         weights
	x         [3]babyjub.Scalar
	arguments [3]argument
}

// begin makes the first move, with a commitment also to what is no bit.
func (p *arguer) begin() {
	p.first()
	p.v = commit(p.b, &p.rho)
}

// rewind brings a prover back to after its first move, n times, and then to after its second, thrice.
func (e *election) rewind(t *testing.T, p *arguer, cs []ciphertext, n int) (runs []run) {
	t.Helper()
	p.first()
	first := p.argument
	for range n {
		r := run{y: randomWeights(p.layout)}
		p.argument = first
		p.s, p.tau1, p.tau0 = randomScalar(), randomScalar(), randomScalar()
		p.second(r.y)
		for k := range r.x {
			r.x[k] = randomScalar()
			p.third(r.y, &r.x[k])
			r.arguments[k] = p.argument
			require.Empty(t, e.refusing(cs, p.argument, r.y, r.x[k]))
			require.True(t, p.argument.v.Equal(&first.v) && p.argument.va.Equal(&first.va))
		}
		runs = append(runs, r)
	}
	return runs
}

// The extractor: from accepting transcripts alone, of three x for each of enough y, it computes the bits and the
// randomness of every ciphertext.
func TestTheExtractorFindsTheWitness(t *testing.T) {
	for name, s := range map[string]struct {
		rule    Rule
		options int
	}{
		"choice":    {Choice{Min: 0, Max: 2, Blank: true}, 4},
		"approval":  {Approval{}, 7},
		"judgment":  {judgmentOf(3), 3},
		"quadratic": {Quadratic{Credits: 10}, 2},
	} {
		e := electionOf(t, s.rule, s.options)
		l := e.m.layouts[0]
		sealed := e.sealed(t, e.credential(t))
		opened := sealed.opening.questions[0]
		cs := sealed.questions[0].ciphertexts
		n, m, c := l.bits, len(l.forms), len(l.constraints)
		prover := e.arguer(opened.witness())
		runs := e.rewind(t, prover, cs, n+m+c)

		// 1. Two x of the first y open V and V_a.
		span := func(r *run, of func(a *argument) babyjub.Scalar) babyjub.Scalar {
			return div(sub(of(&r.arguments[0]), of(&r.arguments[1])), sub(r.x[0], r.x[1]))
		}
		b := make([]babyjub.Scalar, n)
		a := make([]babyjub.Scalar, n)
		for i := range b {
			b[i] = span(&runs[0], func(a *argument) babyjub.Scalar { return a.f[i] })
			a[i] = sub(runs[0].arguments[0].f[i], mul(runs[0].x[0], b[i]))
		}
		rho := span(&runs[0], func(a *argument) babyjub.Scalar { return a.zRho })
		sigma := sub(runs[0].arguments[0].zRho, mul(runs[0].x[0], rho))
		v, va := commit(b, &rho), commit(a, &sigma)
		require.True(t, v.Equal(&runs[0].arguments[0].v), name)
		require.True(t, va.Equal(&runs[0].arguments[0].va), name)
		for _, r := range runs { // every other run answers with these b and a
			for k := range r.x {
				for i := range b {
					want := plus(mul(r.x[k], b[i]), a[i])
					require.True(t, want.Equal(&r.arguments[k].f[i]))
				}
			}
		}

		// 2. Three x: sum w_i b_i (1 - b_i) is the leading coefficient of sum w_i f_i (x - f_i), a second difference.
		var ws, us, vs [][]babyjub.Scalar
		var leading, masks, failing []babyjub.Scalar
		for k := range runs {
			r := &runs[k]
			ws, us, vs = append(ws, r.y.w), append(us, r.y.u), append(vs, r.y.v)
			leading = append(leading, r.leading())

			// 3. and 4. Two x: sum v_k (C_k(b) - c_k), and sum u_j r_j.
			failing = append(failing, sub(span(r, func(a *argument) babyjub.Scalar { return l.combineConstraints(r.y.v, a.f) }), l.combineRight(r.y.v)))
			masks = append(masks, span(r, func(a *argument) babyjub.Scalar { return a.zR }))
		}

		// 6. The challenges span: each b_i (1 - b_i) and each C_k(b) - c_k is 0, and each r_j is known.
		products, ok := solve(ws, leading)
		require.True(t, ok)
		for i := range products {
			require.True(t, products[i].IsZero(), "%s: bit %d", name, i)
		}
		if c > 0 {
			gaps, ok := solve(vs, failing)
			require.True(t, ok)
			for k := range gaps {
				require.True(t, gaps[k].IsZero(), "%s: constraint %d", name, k)
			}
		}
		r, ok := solve(us, masks)
		require.True(t, ok)

		// That is the whole witness, and it is the prover's.
		bits := make([]uint8, n)
		for i := range b {
			one := scalar(1)
			require.True(t, b[i].IsZero() || b[i].Equal(&one))
			if b[i].Equal(&one) {
				bits[i] = 1
			}
		}
		require.Equal(t, opened.bits, bits, name)
		require.True(t, l.satisfied(bits))
		for j := range r {
			require.True(t, r[j].Equal(&opened.r[j]), "%s: ciphertext %d", name, j)
			again := e.m.key.Encrypt(uint64(l.forms[j].value(bits)), &r[j])
			require.True(t, again.Equal(&cs[j]), "%s: ciphertext %d", name, j)
		}
	}
}

func judgmentOf(grades int) Judgment {
	r := Judgment{Min: 0, Max: 2}
	for i := range grades {
		id := GradeID(rune('a' + i))
		r.Grades = append(r.Grades, GradeLevel{ID: id, Title: text(string(id))})
	}
	return r
}

// leading returns the coefficient of x^2 in the polynomial through three values of sum w_i f_i (x - f_i).
func (r *run) leading() babyjub.Scalar {
	value := func(k int) (sum babyjub.Scalar) {
		for i := range r.arguments[k].f {
			sum = plus(sum, mul(r.y.w[i], bitTerm(&r.arguments[k].f[i], &r.x[k])))
		}
		return sum
	}
	slope := func(i, j int) babyjub.Scalar { return div(sub(value(i), value(j)), sub(r.x[i], r.x[j])) }
	return div(sub(slope(0, 1), slope(1, 2)), sub(r.x[0], r.x[2]))
}

// A prover whose "bit" is 2 fits K1 and K0 to the challenges that it foresees. For two x that works; for a third one
// (iv) fails, whatever z_tau is made of what the prover knows. And for a w that does not happen to hide the lie.
func TestNoThreeAnswersForWhatIsNoBit(t *testing.T) {
	for _, bit := range []int64{2, -1, 5} {
		e := newElection(t, approvalOf(3))
		l := e.m.layouts[0]
		sealed := e.sealed(t, e.credential(t))
		w := sealed.opening.questions[0].witness()
		w.b[1] = scalar(bit)
		cs := encryptScalars(e, l, w)
		p := e.arguer(w)
		p.begin()
		y := randomWeights(l)
		p.second(y)
		x := []babyjub.Scalar{randomScalar(), randomScalar(), randomScalar()}

		// k1 x + k0 through the values at the two x foreseen.
		value := func(x babyjub.Scalar) (sum babyjub.Scalar) {
			for i := range w.b {
				f := plus(mul(x, w.b[i]), p.a[i])
				sum = plus(sum, mul(y.w[i], bitTerm(&f, &x)))
			}
			return sum
		}
		k1 := div(sub(value(x[0]), value(x[1])), sub(x[0], x[1]))
		k0 := sub(value(x[0]), mul(x[0], k1))
		p.k1, p.k0 = tableF().Mul(&p.tau1), tableF().Mul(&p.tau0)
		p.k1.Add(&p.k1, new(babyjub.Point).ScalarBaseMul(&k1))
		p.k0.Add(&p.k0, new(babyjub.Point).ScalarBaseMul(&k0))
		var r run
		r.y = y
		for k := range x {
			p.third(y, &x[k])
			r.x[k], r.arguments[k] = x[k], p.argument
			if k < 2 {
				require.Empty(t, e.refusing(cs, p.argument, y, x[k]), "foreseen")
				continue
			}
			require.Equal(t, []string{equationIV}, e.refusing(cs, p.argument, y, x[k]))
			gap := sub(value(x[k]), plus(mul(x[k], k1), k0))
			for _, z := range []babyjub.Scalar{plus(p.zTau, gap), sub(p.zTau, gap), gap, {}, randomScalar()} {
				other := p.argument
				other.zTau = z
				require.Equal(t, []string{equationIV}, e.refusing(cs, other, y, x[k]))
			}
		}
		lead := r.leading()
		want := mul(y.w[1], mul(scalar(bit), scalar(1-bit)))
		require.True(t, lead.Equal(&want), "three x show w_2 b_2 (1 - b_2)")

		// With w_2 = 0 the lie would pass for every x. That is 1 of q challenges; the others show it.
		p.argument.encoded = p.argument.encoded[:2*pointSize]
		y.w[1] = babyjub.Scalar{}
		p.second(y)
		for range 3 {
			x := randomScalar()
			p.third(y, &x)
			require.Empty(t, e.refusing(cs, p.argument, y, x))
		}
	}
}

func encryptScalars(e *election, l *layout, w witness) []ciphertext {
	cs := make([]ciphertext, len(l.forms))
	for j, f := range l.forms {
		m := f.at(w.b)
		cs[j].A.ScalarBaseMul(&w.r[j])
		cs[j].B.ScalarMul(&w.r[j], e.m.key.Point())
		cs[j].B.Add(&cs[j].B, new(babyjub.Point).ScalarBaseMul(&m))
	}
	return cs
}

// A prover foresees one x and chooses the commitment that makes the equation hold which its lie breaks: alpha, T_B,
// T_A or V_a. For that x the argument is accepted; for another one the same equation fails, and no other.
func TestCommitmentsChosenFirstFitOneChallenge(t *testing.T) {
	g := babyjub.NewGenerator()
	for name, test := range map[string]struct {
		equation string
		lie      func(e *election, w *witness, cs *[]ciphertext)
		choose   func(e *election, p *arguer, cs []ciphertext, y weights, x babyjub.Scalar)
	}{
		"two options of one": {equationV,
			func(e *election, w *witness, cs *[]ciphertext) {
				w.b[0], w.b[1], w.b[2] = scalar(1), scalar(1), scalar(0)
				*cs = encryptScalars(e, e.m.layouts[0], *w)
			},
			func(e *election, p *arguer, _ []ciphertext, y weights, x babyjub.Scalar) {
				l := e.m.layouts[0]
				gap := sub(l.combineConstraints(y.v, p.b), l.combineRight(y.v))
				p.alpha = plus(p.alpha, mul(x, gap))
			}},
		"a ciphertext plus Enc(1)": {equationIII,
			func(_ *election, _ *witness, cs *[]ciphertext) { (*cs)[0].B.Add(&(*cs)[0].B, g) },
			func(_ *election, p *arguer, _ []ciphertext, y weights, x babyjub.Scalar) {
				s := mul(x, y.u[0])
				p.tb.Sub(&p.tb, new(babyjub.Point).ScalarBaseMul(&s))
			}},
		"another A": {equationII,
			func(_ *election, _ *witness, cs *[]ciphertext) { (*cs)[0].A.Add(&(*cs)[0].A, g) },
			func(_ *election, p *arguer, _ []ciphertext, y weights, x babyjub.Scalar) {
				s := mul(x, y.u[0])
				p.ta.Sub(&p.ta, new(babyjub.Point).ScalarBaseMul(&s))
			}},
	} {
		e := newElection(t, func(d *Draft) { d.Questions = d.Questions[:1] })
		l := e.m.layouts[0]
		sealed := e.sealed(t, e.credential(t))
		w, cs := sealed.opening.questions[0].witness(), append([]ciphertext(nil), sealed.questions[0].ciphertexts...)
		test.lie(e, &w, &cs)
		p := e.arguer(w)
		p.begin()
		y, x := randomWeights(l), randomScalar()
		p.second(y)
		test.choose(e, p, cs, y, x)
		p.third(y, &x)
		require.Empty(t, e.refusing(cs, p.argument, y, x), name)
		for range 3 {
			other := randomScalar()
			p.third(y, &other)
			require.Equal(t, []string{test.equation}, e.refusing(cs, p.argument, y, other), name)
		}
	}

	// V and V_a: V with a component outside the known bases, which V_a takes back.
	e := newElection(t, approvalOf(3))
	sealed := e.sealed(t, e.credential(t))
	w, cs := sealed.opening.questions[0].witness(), sealed.questions[0].ciphertexts
	p := e.arguer(w)
	p.begin()
	y, x, d := randomWeights(e.m.layouts[0]), randomScalar(), randomPoint()
	p.v.Add(&p.v, &d)
	p.va.Sub(&p.va, new(babyjub.Point).ScalarMul(&x, &d))
	p.second(y)
	p.third(y, &x)
	require.Empty(t, e.refusing(cs, p.argument, y, x))
	other := randomScalar()
	p.third(y, &other)
	require.Equal(t, []string{equationI}, e.refusing(cs, p.argument, y, other))
}

// After the challenges are drawn only the responses can still change. For every lie, the response that makes its
// equation hold is solved for: it breaks the others.
func TestResponsesSolvedForOneEquationBreakTheOthers(t *testing.T) {
	q, _ := new(big.Int).SetString("2736030358979909402780800718157159386076813972158567259200215660948447373041", 10)
	// root returns a square root, if there is one.
	root := func(s babyjub.Scalar) (babyjub.Scalar, bool) {
		b := s.Bytes()
		r := new(big.Int).ModSqrt(new(big.Int).SetBytes(b[:]), q)
		if r == nil {
			return babyjub.Scalar{}, false
		}
		var out babyjub.Scalar
		require.NoError(t, out.SetBytes(r.FillBytes(make([]byte, 32))))
		return out, true
	}
	unit := func(l *layout, i int) []babyjub.Scalar {
		out := make([]babyjub.Scalar, l.bits)
		out[i] = scalar(1)
		return out
	}
	g := babyjub.NewGenerator()
	for name, test := range map[string]struct {
		lie   func(e *election, w *witness, cs *[]ciphertext)
		v     func(p *arguer)
		solve func(e *election, p *arguer, cs []ciphertext, y weights, x babyjub.Scalar) bool
		first string
		then  []string
	}{
		"a bit of 2, and f": {
			lie: func(e *election, w *witness, cs *[]ciphertext) {
				w.b[0] = scalar(2)
				*cs = encryptScalars(e, e.m.layouts[0], *w)
			},
			first: equationIV, then: []string{equationI, equationIII, equationV},
			solve: func(e *election, p *arguer, _ []ciphertext, y weights, x babyjub.Scalar) bool {
				// (iv) wants w_1 f (x - f) less by w_1 x^2 b_1 (1 - b_1): f = (x +- sqrt(x^2 - 4 c)) / 2.
				lead := mul(mul(x, x), mul(p.b[0], sub(scalar(1), p.b[0])))
				c := sub(bitTerm(&p.f[0], &x), lead)
				s, ok := root(sub(mul(x, x), mul(scalar(4), c)))
				if !ok {
					return false
				}
				p.f[0] = div(plus(x, s), scalar(2))
				return true
			},
		},
		"two of one, and f": {
			lie: func(e *election, w *witness, cs *[]ciphertext) {
				w.b[0], w.b[1], w.b[2] = scalar(1), scalar(1), scalar(0)
				*cs = encryptScalars(e, e.m.layouts[0], *w)
			},
			first: equationV, then: []string{equationI, equationIII, equationIV},
			solve: func(e *election, p *arguer, _ []ciphertext, y weights, x babyjub.Scalar) bool {
				l := e.m.layouts[0]
				gap := mul(x, sub(l.combineConstraints(y.v, p.b), l.combineRight(y.v)))
				p.f[0] = sub(p.f[0], div(gap, l.combineConstraints(y.v, unit(l, 0))))
				return true
			},
		},
		"another plaintext, and f": {
			lie:   func(_ *election, _ *witness, cs *[]ciphertext) { (*cs)[0].B.Add(&(*cs)[0].B, g) },
			first: equationIII, then: []string{equationI, equationIV, equationV},
			solve: func(e *election, p *arguer, _ []ciphertext, y weights, x babyjub.Scalar) bool {
				l := e.m.layouts[0]
				p.f[0] = plus(p.f[0], div(mul(x, y.u[0]), l.combineForms(y.u, unit(l, 0))))
				return true
			},
		},
		"another A, and z_r": {
			lie:   func(_ *election, _ *witness, cs *[]ciphertext) { (*cs)[0].A.Add(&(*cs)[0].A, g) },
			first: equationII, then: []string{equationIII},
			solve: func(_ *election, p *arguer, _ []ciphertext, y weights, x babyjub.Scalar) bool {
				p.zR = plus(p.zR, mul(x, y.u[0]))
				return true
			},
		},
		"a commitment to other bits, and f": {
			lie:   func(*election, *witness, *[]ciphertext) {},
			v:     func(p *arguer) { p.v.Add(&p.v, &basesG(1)[0]) },
			first: equationI, then: []string{equationIII, equationIV, equationV},
			solve: func(_ *election, p *arguer, _ []ciphertext, _ weights, x babyjub.Scalar) bool {
				p.f[0] = plus(p.f[0], x)
				return true
			},
		},
	} {
		e := newElection(t, func(d *Draft) { d.Questions = d.Questions[:1] })
		l := e.m.layouts[0]
		sealed := e.sealed(t, e.credential(t))
		w, cs := sealed.opening.questions[0].witness(), append([]ciphertext(nil), sealed.questions[0].ciphertexts...)
		test.lie(e, &w, &cs)
		p := e.arguer(w)
		p.begin()
		if test.v != nil {
			test.v(p)
		}
		y := randomWeights(l)
		p.second(y)
		solved := false
		for range 64 { // half of all x have a root
			x := randomScalar()
			p.third(y, &x)
			before := e.refusing(cs, p.argument, y, x)
			if name == "a bit of 2, and f" {
				require.Equal(t, []string{equationIV, equationV}, before, "2 is no vote either")
			} else {
				require.Equal(t, []string{test.first}, before, name)
			}
			if solved = test.solve(e, p, cs, y, x); solved {
				require.Equal(t, test.then, e.refusing(cs, p.argument, y, x), name)
				break
			}
		}
		require.True(t, solved, name)
	}
}
