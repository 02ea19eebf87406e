package ballot

import (
	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/transcript"
)

// witness is what the argument of a question proves knowledge of.
type witness struct {
	b []babyjub.Scalar // the bits
	r []babyjub.Scalar // the randomness of the ciphertexts
}

// arguer makes one argument, in the three moves of docs/spec/ballot.md. It runs in constant
// time and trusts its witness.
type arguer struct {
	layout *layout
	key    *elgamal.PublicKey
	witness

	a                         []babyjub.Scalar
	rho, sigma, s, tau1, tau0 babyjub.Scalar
	argument
}

// newArguer draws the masks. t holds the whole statement; secret keys the randomness, with
// the witness and fresh bytes.
func newArguer(t *transcript.Transcript, l *layout, key *elgamal.PublicKey, w witness, secret []byte) *arguer {
	p := &arguer{layout: l, key: key, witness: w}
	seed := append([]byte(nil), secret...)
	for _, part := range [][]babyjub.Scalar{w.b, w.r} {
		for i := range part {
			b := part[i].Bytes()
			seed = append(seed, b[:]...)
		}
	}
	masks := t.Hedge("argument", seed).Challenge("masks", 64*(l.bits+5))
	clear(seed)
	next := func(s *babyjub.Scalar) {
		s.SetUniformBytes(masks[:64])
		clear(masks[:64])
		masks = masks[64:]
	}
	p.a = make([]babyjub.Scalar, l.bits)
	for i := range p.a {
		next(&p.a[i])
	}
	for _, s := range []*babyjub.Scalar{&p.rho, &p.sigma, &p.s, &p.tau1, &p.tau0} {
		next(s)
	}
	return p
}

// first sets V = sum b_i G_i + rho F and V_a = sum a_i G_i + sigma F.
func (p *arguer) first() {
	p.v = commitBits(p.b, &p.rho)
	p.va = commit(p.a, &p.sigma)
	p.encode(&p.v, &p.va)
}

// second sets
//
//	T     = (s G, (sum_j u_j L_j(a)) G + s H)
//	K1    = (sum_i w_i a_i (1 - 2 b_i)) G + tau1 F
//	K0    = (- sum_i w_i a_i^2) G + tau0 F
//	alpha = sum_k v_k C_k(a)
func (p *arguer) second(y weights) {
	var g babyjub.Point
	one := new(babyjub.Scalar).SetUint64(1)

	p.ta.ScalarBaseMul(&p.s)
	la := p.layout.combineForms(y.u, p.a)
	p.tb = p.key.Table().Mul(&p.s)
	p.tb.Add(&p.tb, g.ScalarBaseMul(&la))

	var linear, square babyjub.Scalar
	for i := range p.b {
		var wa, t babyjub.Scalar
		wa.Mul(&y.w[i], &p.a[i])
		t.Sub(one, &p.b[i])
		t.Sub(&t, &p.b[i])
		linear.Add(&linear, t.Mul(&t, &wa))
		square.Sub(&square, t.Mul(&wa, &p.a[i]))
	}
	p.k1 = tableF().Mul(&p.tau1)
	p.k1.Add(&p.k1, g.ScalarBaseMul(&linear))
	p.k0 = tableF().Mul(&p.tau0)
	p.k0.Add(&p.k0, g.ScalarBaseMul(&square))

	p.alpha = p.layout.combineConstraints(y.v, p.a)
	p.encode(&p.ta, &p.tb, &p.k1, &p.k0)
}

// third sets f_i = x b_i + a_i, z_rho = x rho + sigma, z_r = x sum_j u_j r_j + s and
// z_tau = x tau1 + tau0.
func (p *arguer) third(y weights, x *babyjub.Scalar) {
	respond := func(z, secret, mask *babyjub.Scalar) {
		z.Mul(x, secret)
		z.Add(z, mask)
	}
	p.f = make([]babyjub.Scalar, len(p.b))
	for i := range p.f {
		respond(&p.f[i], &p.b[i], &p.a[i])
	}
	r := combine(y.u, p.r)
	respond(&p.zRho, &p.rho, &p.sigma)
	respond(&p.zR, &r, &p.s)
	respond(&p.zTau, &p.tau1, &p.tau0)
}

func (p *arguer) encode(points ...*babyjub.Point) {
	list := make([]babyjub.Point, len(points))
	for i := range points {
		list[i] = *points[i]
	}
	for _, b := range babyjub.BatchBytes(list) {
		p.encoded = append(p.encoded, b[:]...)
	}
}

// prove runs all moves against a transcript that holds the statement.
func (p *arguer) prove(t *transcript.Transcript) argument {
	p.first()
	y := p.challengeY(t, p.layout)
	p.second(y)
	x := p.challengeX(t)
	p.third(y, &x)
	return p.argument
}
