package babyjub_test

import (
	"crypto/rand"
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
)

// A second implementation, slow and plain: EIP-2494's affine formulas on
// integers.

var (
	fieldOrder = fr.Modulus()
	groupOrder = integer("2736030358979909402780800718157159386076813972158567259200215660948447373041")
	curveA     = big.NewInt(168700)
	curveD     = big.NewInt(168696)
)

func integer(decimal string) *big.Int {
	n, ok := new(big.Int).SetString(decimal, 10)
	if !ok {
		panic(decimal)
	}
	return n
}

func mulMod(factors ...*big.Int) *big.Int {
	p := big.NewInt(1)
	for _, f := range factors {
		p.Mul(p, f).Mod(p, fieldOrder)
	}
	return p
}

type oracle struct{ x, y *big.Int }

func oracleOf(p *babyjub.Point) oracle {
	b := p.Bytes()
	return oracle{new(big.Int).SetBytes(b[:32]), new(big.Int).SetBytes(b[32:])}
}

func (p oracle) add(q oracle) oracle {
	k := mulMod(curveD, p.x, q.x, p.y, q.y)
	one := big.NewInt(1)
	divide := func(n, d *big.Int) *big.Int {
		return mulMod(new(big.Int).Mod(n, fieldOrder), new(big.Int).ModInverse(new(big.Int).Mod(d, fieldOrder), fieldOrder))
	}
	return oracle{
		divide(new(big.Int).Add(mulMod(p.x, q.y), mulMod(p.y, q.x)), new(big.Int).Add(one, k)),
		divide(new(big.Int).Sub(mulMod(p.y, q.y), mulMod(curveA, p.x, q.x)), new(big.Int).Sub(one, k)),
	}
}

func (p oracle) mul(k *big.Int) oracle {
	r := oracle{big.NewInt(0), big.NewInt(1)}
	for i := k.BitLen() - 1; i >= 0; i-- {
		r = r.add(r)
		if k.Bit(i) == 1 {
			r = r.add(p)
		}
	}
	return r
}

func (p oracle) onCurve() bool {
	xx, yy := mulMod(p.x, p.x), mulMod(p.y, p.y)
	left := new(big.Int).Add(mulMod(curveA, xx), yy)
	right := new(big.Int).Add(big.NewInt(1), mulMod(curveD, xx, yy))
	return left.Sub(left, right).Mod(left, fieldOrder).Sign() == 0
}

func (p oracle) bytes() [64]byte {
	var b [64]byte
	p.x.FillBytes(b[:32])
	p.y.FillBytes(b[32:])
	return b
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func randomScalar() babyjub.Scalar {
	var s babyjub.Scalar
	s.SetUniformBytes(randomBytes(64))
	return s
}

// randomPoint returns a point of order q, with z other than 1.
func randomPoint() babyjub.Point {
	s := randomScalar()
	return *new(babyjub.Point).VarTimeScalarBaseMul(&s)
}

// scalarOf returns n mod q.
func scalarOf(n *big.Int) babyjub.Scalar {
	var s babyjub.Scalar
	if err := s.SetBigInt(new(big.Int).Mod(n, groupOrder)); err != nil {
		panic(err)
	}
	return s
}

// edgeIntegers are the integers below q at which arithmetic goes wrong first.
func edgeIntegers() []*big.Int {
	var edges []*big.Int
	add := func(n *big.Int) {
		for d := int64(-2); d <= 2; d++ {
			edges = append(edges, new(big.Int).Mod(new(big.Int).Add(n, big.NewInt(d)), groupOrder))
		}
	}
	add(big.NewInt(0))
	add(new(big.Int).Rsh(groupOrder, 1))
	for _, bit := range []uint{4, 5, 6, 31, 32, 63, 64, 65, 126, 127, 128, 191, 192, 246, 247, 248, 249, 250} {
		add(new(big.Int).Lsh(big.NewInt(1), bit))
	}
	for width, digits := range map[uint][]int64{4: {5, 7, 8, 9, 15}, 5: {15, 16, 17, 31}, 8: {127, 128, 129, 255}} {
		for _, digit := range digits { // every window alike
			n := new(big.Int)
			for range 248 / width {
				n.Lsh(n, width).Add(n, big.NewInt(digit))
			}
			add(n)
		}
	}
	return edges
}

// somePoints returns points of every order: the torsion points, subgroup points
// and sums of both.
func somePoints() []babyjub.Point {
	points := babyjubtest.Torsion()
	points = append(points, *babyjub.NewGenerator(), randomPoint())
	for _, t := range babyjubtest.Torsion()[1:] {
		p := randomPoint()
		points = append(points, *p.Add(&p, &t))
	}
	return points
}
