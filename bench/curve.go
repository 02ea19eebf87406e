package main

import (
	"crypto/rand"

	"github.com/consensys/gnark-crypto/ecc/bn254/twistededwards"
	iden3 "github.com/iden3/go-iden3-crypto/babyjub"
	"go.dedis.ch/kyber/v3"
	"go.dedis.ch/kyber/v3/group/edwards25519"

	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
)

func curveRows() []row {
	const public, secret = "scrutin", "scrutin, secret scalar"
	const gnark, gnarkBase, iden, kyberBase, kyberAny = "gnark-crypto ScalarMultiplication", "gnark-crypto ScalarMultiplicationBase",
		"go-iden3-crypto Mul", "kyber edwards25519, base", "kyber edwards25519, any point"
	const products = "scrutin, a product"
	const encrypt, kyberEncrypt = "scrutin", "kyber edwards25519"
	return []row{
		{
			name:  "fixedbase",
			title: "multiplying the generator",
			shape: "A random scalar of Baby Jubjub, public; for information a secret one, in constant time, as kyber does it. kyber's curve is another, of like size.",
			bench: "go test -run '^$' -bench ScalarMul ./internal/babyjub",
			sides: []side{
				{name: public, figures: elapsed, open: multiplyPublic},
				{name: secret, figures: elapsed, open: multiplySecret},
				{name: gnark, figures: elapsed, open: multiplyGnark},
				{name: gnarkBase, figures: elapsed, open: multiplyGnarkBase},
				{name: iden, figures: elapsed, open: multiplyIden3},
				{name: kyberBase, figures: elapsed, open: multiplyKyberBase},
				{name: kyberAny, figures: elapsed, open: multiplyKyber},
			},
			comparisons: []comparison{
				{ours: public, peer: gnark, atMost: 0.1},
				{ours: public, peer: gnarkBase},
				{ours: public, peer: iden},
				{ours: public, peer: kyberAny},
				{ours: secret, peer: kyberBase},
			},
		},
		{
			name:  "msm",
			title: "a sum of 2^15 products",
			shape: "Random scalars and points, affine; the time is that of one product, the peer's that of one scalar multiplication.",
			bench: "go test -run '^$' -bench MultiScalarMul/n=32768 -cpu 1 ./internal/babyjub",
			sides: []side{
				{name: products, figures: elapsed, open: multiplyMany},
				{name: gnark, figures: elapsed, open: multiplyGnark},
			},
			comparisons: []comparison{{ours: products, peer: gnark, atMost: 0.05}},
		},
		{
			name:  "encrypt",
			title: "encrypting a counter",
			shape: "ElGamal in the exponent, (rG, mG + rH), r and m secret. kyber: two multiplications of the base and one of H.",
			bench: "go test -run '^$' -bench Encrypt ./elgamal",
			sides: []side{
				{name: encrypt, figures: elapsed, open: encryptOwn},
				{name: kyberEncrypt, figures: elapsed, open: encryptKyber},
			},
			comparisons: []comparison{{ours: encrypt, peer: kyberEncrypt}},
		},
	}
}

func randomScalar() (s babyjub.Scalar) {
	var wide [64]byte
	rand.Read(wide[:])
	s.SetUniformBytes(wide[:])
	return s
}

var sinkPoint babyjub.Point

func multiplyPublic(e *env) (sampler, error) {
	s := randomScalar()
	return e.repeat(1, func() error {
		sinkPoint.VarTimeScalarBaseMul(&s)
		return nil
	})
}

func multiplySecret(e *env) (sampler, error) {
	s := randomScalar()
	return e.repeat(1, func() error {
		sinkPoint.ScalarBaseMul(&s)
		return nil
	})
}

func multiplyGnark(e *env) (sampler, error) {
	s := randomScalar()
	k, base := s.BigInt(), twistededwards.GetEdwardsCurve().Base
	var p twistededwards.PointAffine
	return e.repeat(1, func() error {
		p.ScalarMultiplication(&base, k)
		return nil
	})
}

func multiplyGnarkBase(e *env) (sampler, error) {
	s := randomScalar()
	k := s.BigInt()
	var p twistededwards.PointAffine
	return e.repeat(1, func() error {
		p.ScalarMultiplicationBase(k)
		return nil
	})
}

func multiplyIden3(e *env) (sampler, error) {
	s := randomScalar()
	k, p := s.BigInt(), iden3.NewPoint()
	return e.repeat(1, func() error {
		p.Mul(k, iden3.B8)
		return nil
	})
}

var ed25519 = edwards25519.NewBlakeSHA256Ed25519()

func multiplyKyberBase(e *env) (sampler, error) {
	s, p := ed25519.Scalar().Pick(ed25519.RandomStream()), ed25519.Point()
	return e.repeat(1, func() error {
		p.Mul(s, nil)
		return nil
	})
}

func multiplyKyber(e *env) (sampler, error) {
	s, p, q := ed25519.Scalar().Pick(ed25519.RandomStream()), ed25519.Point(), kyberPoint()
	return e.repeat(1, func() error {
		p.Mul(s, q)
		return nil
	})
}

func kyberPoint() kyber.Point { return ed25519.Point().Pick(ed25519.RandomStream()) }

// multiplyMany gives the time of one of the products.
func multiplyMany(e *env) (sampler, error) {
	n := e.size(1<<15, 1<<10)
	scalars, points := make([]babyjub.Scalar, n), make([]babyjub.Point, n)
	p, step := babyjub.HashToPoint("start"), babyjub.HashToPoint("step")
	for i := range points {
		scalars[i] = randomScalar()
		points[i] = *p.Add(&p, &step)
	}
	for i, b := range babyjub.BatchBytes(points) { // z = 1, as in points that are read
		if err := points[i].SetBytes(b[:]); err != nil {
			return nil, err
		}
	}
	return e.repeat(n, func() error {
		sinkPoint = babyjub.VarTimeMultiScalarMul(scalars, points)
		return nil
	})
}

func encryptOwn(e *env) (sampler, error) {
	x, r := randomScalar(), randomScalar()
	k, err := elgamal.NewPublicKey(new(babyjub.Point).ScalarBaseMul(&x))
	if err != nil {
		return nil, err
	}
	return e.repeat(1, func() error {
		k.Encrypt(12, &r)
		return nil
	})
}

func encryptKyber(e *env) (sampler, error) {
	h := kyberPoint()
	r, m := ed25519.Scalar().Pick(ed25519.RandomStream()), ed25519.Scalar().SetInt64(12)
	a, b, mg := ed25519.Point(), ed25519.Point(), ed25519.Point()
	return e.repeat(1, func() error {
		a.Mul(r, nil)
		b.Add(b.Mul(r, h), mg.Mul(m, nil))
		return nil
	})
}
