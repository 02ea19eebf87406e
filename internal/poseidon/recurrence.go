package poseidon

import (
	"slices"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// The partial rounds as a linear recurrence.
//
// Cut the matrix into M = (m, v; w, N) with N of size n = t - 1, and the state into x, on
// which the S-box acts, and the rest z. With s = x^5, partial round k is
//
//	x' = m s + v.z + constant
//	z' = w s + N z                                                                    (1)
//
// where the constants of the rest have been pushed through the matrix into later rounds, the
// last of them into the full round that follows. This is a linear system of order n, driven
// by s and observed by v.z, so the last n values of x and of s determine z:
//
//	z[k] = E (x[k-n+1], ..., x[k], s[k-n], ..., s[k-1]) + constant                    (2)
//
// and a round is one inner product with fixed coefficients, v E. Only x and s are kept.
//
// Before round 0 stands a full round, which ends in the multiplication of some (s, z) by M as
// a partial round does. It is taken for round -1; the rounds before it, which never were, had
// s = 0, so that z[-1-j] = N^-j z[-1].
//
// Last, X[k] = g[k] x[k] and S[k] = X[k]^5 = g[k]^5 s[k] are kept instead of x and s, with
// g[0] = 1 and g[k+1] = g[k]^5 / m, which turns the coefficient m of s[k] into 1.
//
// A round costs 2t - 2 multiplications beside the S-box, against t^2 by the matrix and 2t - 1
// by the sparse matrices of the paper's appendix B.

// recurrence holds one width's parameters and their fast form.
type recurrence struct {
	params *Params
	entry  [][]fr.Element // rows for x[1-n], ..., x[0], over the state after round -1's S-boxes
	rounds []linear       // X[k+1] = S[k] + row . (X[k-n+1..k], S[k-n..k-1]) + constant
	exit   []linear       // the rest of the state after the last round, over the same window
	first  fr.Element     // the constant that belongs to x[0]
	unity  fr.Element     // 1/g at the end: x = unity * X
}

// linear is an affine form.
type linear struct {
	row      []fr.Element
	constant fr.Element
}

func newRecurrence(p *Params) *recurrence {
	n, half := p.T-1, p.FullRounds/2
	m, v := p.MDS[0][0], p.MDS[0][1:]
	w, N := make(matrix, n), make(matrix, n)
	for i := range n {
		w[i], N[i] = p.MDS[i+1][:1], p.MDS[i+1][1:]
	}

	// Push the constants of the rest forward: push ends as those of the next full round.
	constants := make([]fr.Element, p.PartialRounds+1)
	push := make([]fr.Element, p.T)
	for k := range constants {
		add(push, p.constants(half+k))
		constants[k] = push[0]
		if k < p.PartialRounds {
			push[0].SetZero()
			push = matrix(p.MDS).apply(push)
		}
	}

	// Let z stand at the start of a window of n rounds, O be the rows v N^i. The window shows
	// y[i] = x[i+1] - m s[i] - constant = O z + sum of v N^(i-1-l) w s[l] over l < i, and
	// leaves z' = N^n z + sum of N^(n-1-l) w s[l]. Solve for z; E = (Ex, Es) follows.
	O, reach := make(matrix, n), make(matrix, n) // reach[l] = N^(n-1-l) w
	power := identity(n)                         // N^i
	for i := range n {
		O[i] = matrix{v}.mul(power)[0]
		reach[n-1-i] = power.mul(w).column(0)
		power = power.mul(N)
	}
	Ex := power.mul(O.inverse())
	Es := make(matrix, n)
	for i := range n {
		Es[i] = make([]fr.Element, n)
		for l := range n {
			// Ex (toeplitz + m), whose column l is m at l and v N^(i-1-l) w at i > l.
			var sum, term fr.Element
			sum.Mul(&Ex[i][l], &m)
			for j := l + 1; j < n; j++ {
				markov := inner(v, reach[n-j+l])
				sum.Add(&sum, term.Mul(&Ex[i][j], &markov))
			}
			Es[i][l].Sub(&reach[l][i], &sum)
		}
	}

	// The scale g and its inverse, from g[1-n] on.
	scale := make([]fr.Element, n+p.PartialRounds)
	inverseM := fr.BatchInvert([]fr.Element{m})[0]
	for i := range scale {
		if scale[i].SetOne(); i >= n {
			scale[i] = scale[i-1]
			sbox(&scale[i])
			scale[i].Mul(&scale[i], &inverseM)
		}
	}
	unscale := fr.BatchInvert(scale)

	// form returns the form c.z[k] times by, over the scaled window.
	form := func(c []fr.Element, k int, by *fr.Element) (f linear) {
		cx, cs := matrix{c}.mul(Ex)[0], matrix{c}.mul(Es)[0]
		f.row = slices.Concat(cx, cs)
		for i := range n {
			x := &unscale[k+i]
			f.row[i].Mul(&f.row[i], x)
			f.row[i].Mul(&f.row[i], by)
			if s := k + i - 1; s >= 0 {
				x5 := unscale[s]
				sbox(&x5)
				f.row[n+i].Mul(&f.row[n+i], &x5)
			}
			f.row[n+i].Mul(&f.row[n+i], by)
			if j := k - n + 1 + i; j >= 0 {
				var t fr.Element
				f.constant.Sub(&f.constant, t.Mul(&cx[i], &constants[j]))
			}
		}
		f.constant.Mul(&f.constant, by)
		return f
	}
	r := &recurrence{params: p, first: constants[0], unity: unscale[n-1+p.PartialRounds]}
	for k := range p.PartialRounds {
		by := &scale[n+k]
		f := form(v, k, by)
		var c fr.Element
		f.constant.Add(&f.constant, c.Mul(&constants[k+1], by))
		r.rounds = append(r.rounds, f)
	}
	one := fr.One()
	for i, unit := range identity(n) {
		f := form(unit, p.PartialRounds, &one)
		f.constant.Add(&f.constant, &push[i+1])
		r.exit = append(r.exit, f)
	}

	// x[0] is row 0 of M; x[-j] = v.z[-1-j] = v N^-j z[-1].
	r.entry = append(r.entry, p.MDS[0])
	back, row := N.inverse(), matrix{v}
	for range n - 1 {
		row = row.mul(back)
		r.entry = append(r.entry, append(make([]fr.Element, 1), row[0]...))
	}
	slices.Reverse(r.entry)
	return r
}

// permute replaces element 0 of the state by that of the permuted state, and spoils the rest.
func (r *recurrence) permute(state []fr.Element) {
	p, n := r.params, r.params.T-1
	half, end := p.FullRounds/2, len(r.rounds)

	add(state, p.constants(0))
	for k := range half - 1 {
		p.fullRound(state, p.constants(k+1))
	}
	sboxes(state)
	var X, S [maxWidth + maxPartial]fr.Element // X[n-1+k] is X[k] above, S[n+k] is S[k]
	for i := range n {
		X[i] = inner(r.entry[i], state)
	}
	X[n-1].Add(&X[n-1], &r.first)
	S[n-1] = state[0]
	for k := range end {
		x := &X[n-1+k]
		S[n+k] = *x
		sbox(&S[n+k])
		X[n+k] = r.rounds[k].at(X[k:k+n], S[k:k+n])
		X[n+k].Add(&X[n+k], &S[n+k])
	}
	state[0].Mul(&X[n-1+end], &r.unity)
	for i := range n {
		state[i+1] = r.exit[i].at(X[end:end+n], S[end:end+n])
	}
	for k := range half - 1 {
		p.fullRound(state, p.constants(half+end+1+k))
	}
	p.fullRound(state, nil)
}

// fullRound applies the S-boxes and the matrix and adds the next round's constants.
func (p *Params) fullRound(state, next []fr.Element) {
	var s [maxWidth]fr.Element
	sboxes(state)
	copy(s[:], state)
	for i := range state {
		state[i] = inner(p.MDS[i], s[:p.T])
	}
	add(state, next)
}

// constants returns those of one round.
func (p *Params) constants(round int) []fr.Element {
	return p.RoundConstants[round*p.T : (round+1)*p.T]
}

// at returns row . (x, s) + constant.
func (f *linear) at(x, s []fr.Element) (sum fr.Element) {
	a, b := inner(f.row[:len(x)], x), inner(f.row[len(x):], s)
	sum.Add(&a, &b)
	return *sum.Add(&sum, &f.constant)
}

// add adds c, which may be shorter, to x.
func add(x, c []fr.Element) {
	for i := range c {
		x[i].Add(&x[i], &c[i])
	}
}

func sboxes(x []fr.Element) {
	for i := range x {
		sbox(&x[i])
	}
}

// sbox sets x to x^5.
func sbox(x *fr.Element) {
	var s fr.Element
	s.Square(x)
	s.Square(&s)
	x.Mul(x, &s)
}
