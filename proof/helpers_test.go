package proof

import (
	"math/big"
	"runtime"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/wire"
)

// trapdoor is a key of which the logarithms are known. prooftest has the same for other packages; this one
// can be bent out of shape.
type trapdoor struct {
	alpha, beta, gamma, delta fr.Element
	k                         []fr.Element
}

func random() (e fr.Element) {
	e.MustSetRandom()
	return e
}

func newTrapdoor(inputs int) *trapdoor {
	d := &trapdoor{alpha: random(), beta: random(), gamma: random(), delta: random()}
	for range inputs + 1 {
		d.k = append(d.k, random())
	}
	return d
}

func g1(e fr.Element) (p bn254.G1Affine) {
	return *p.ScalarMultiplicationBase(e.BigInt(new(big.Int)))
}

func g2(e fr.Element) (p bn254.G2Affine) {
	return *p.ScalarMultiplicationBase(e.BigInt(new(big.Int)))
}

// unchecked is the key without the checks of ParseVerifyingKey.
func (d *trapdoor) unchecked() *VerifyingKey {
	vk := &VerifyingKey{alpha: g1(d.alpha), beta: g2(d.beta), gamma: g2(d.gamma), delta: g2(d.delta)}
	for _, e := range d.k {
		vk.k = append(vk.k, g1(e))
	}
	if err := vk.precompute(); err != nil {
		panic(err)
	}
	return vk
}

func (d *trapdoor) encode() []byte { return encodeKey(d.unchecked()) }

// encodeKey writes points that need not be fit for a key.
func encodeKey(vk *VerifyingKey) []byte {
	var w wire.Writer
	w.Uint8(keyVersion)
	if vk.Weighted() {
		w.Uint8(flagWeighted)
	} else {
		w.Uint8(0)
	}
	coordinates := func(list ...fp.Element) {
		for i := range list {
			b := list[i].Bytes()
			w.Raw(b[:])
		}
	}
	coordinates(vk.alpha.X, vk.alpha.Y)
	for _, p := range []bn254.G2Affine{vk.beta, vk.gamma, vk.delta} {
		coordinates(p.X.A1, p.X.A0, p.Y.A1, p.Y.A0)
	}
	for _, p := range vk.k {
		coordinates(p.X, p.Y)
	}
	return w.Bytes()
}

func (d *trapdoor) key(t testing.TB) *VerifyingKey {
	t.Helper()
	vk, err := ParseVerifyingKey(d.encode())
	require.NoError(t, err)
	return vk
}

// prove puts a proof into the claim.
func (d *trapdoor) prove(t testing.TB, c *Claim) {
	t.Helper()
	inputs, err := c.Inputs()
	require.NoError(t, err)
	l := d.k[0]
	var x fr.Element
	for i := range inputs {
		l.Add(&l, x.Mul(&d.k[i+1], &inputs[i]))
	}
	a, b := random(), random()
	var last fr.Element
	last.Mul(&a, &b)
	last.Sub(&last, x.Mul(&d.alpha, &d.beta))
	last.Sub(&last, x.Mul(&l, &d.gamma))
	last.Div(&last, &d.delta)
	c.Membership.Proof = pack(g1(a), g2(b), g1(last))
}

func pack(a bn254.G1Affine, b bn254.G2Affine, c bn254.G1Affine) (p Proof) {
	ab, bb, cb := a.RawBytes(), b.RawBytes(), c.RawBytes()
	copy(p[:], ab[:])
	copy(p[g1Size:], bb[:])
	copy(p[g1Size+g2Size:], cb[:])
	return p
}

func unpack(t testing.TB, p *Proof) (a bn254.G1Affine, b bn254.G2Affine, c bn254.G1Affine) {
	t.Helper()
	r := wire.NewReader(p[:])
	a, b, c = readG1(r, "A"), readG2(r, "B"), readG1(r, "C")
	require.NoError(t, r.Done())
	return a, b, c
}

// randomClaim is a claim with a proof, of random signals.
func (d *trapdoor) randomClaim(t testing.TB) Claim {
	t.Helper()
	var c Claim
	root, nullifier, message, scope := random(), random(), random(), random()
	c.Membership.Root = root.Bytes()
	c.Membership.Nullifier = nullifier.Bytes()
	c.Message = message.Bytes()
	c.Scope = scope.Bytes()
	if len(d.k) == inputsWeighted+1 {
		c.Membership.Weight = 1 + root.Uint64()%(MaxWeight-1)
	}
	d.prove(t, &c)
	return c
}

// both checks that Verify and VerifyBatch, the claim standing between valid ones, give the same verdict,
// and returns it.
func both(t testing.TB, vk *VerifyingKey, c Claim, valid Claim) error {
	t.Helper()
	err := vk.Verify(&c)
	// As many as it takes for every group to be checked by one equation first.
	batch := slices.Repeat([]Claim{valid}, 2*singleSize*runtime.GOMAXPROCS(0))
	batch[3] = c
	verdicts, batchErr := vk.VerifyBatch(t.Context(), batch)
	require.NoError(t, batchErr)
	for i, verdict := range verdicts {
		if i != 3 {
			require.NoError(t, verdict)
		}
	}
	require.Equal(t, err, verdicts[3])
	return err
}

// outside returns a point of the twist whose order divides the cofactor.
func outside() bn254.G2Affine {
	jac := bn254.GeneratePointNotInG2(bn254.E2{A0: fp.NewElement(3), A1: fp.NewElement(5)})
	var p bn254.G2Affine
	p.FromJacobian(&jac)
	return p
}
