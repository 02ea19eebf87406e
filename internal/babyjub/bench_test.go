package babyjub_test

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/twistededwards"
	iden3 "github.com/iden3/go-iden3-crypto/babyjub"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/benchtest"
)

var (
	sinkPoint  babyjub.Point
	sinkScalar babyjub.Scalar
	sinkBytes  [64]byte
	sinkErr    error
)

// peer returns a function that multiplies n random scalars and gnark-crypto's base point, and n.
func peer(n int) (func(), int) {
	base := twistededwards.GetEdwardsCurve().Base
	scalars := make([]*big.Int, n)
	for i := range scalars {
		s := randomScalar()
		scalars[i] = s.BigInt()
	}
	return func() {
		var p twistededwards.PointAffine
		for _, k := range scalars {
			p.ScalarMultiplication(&base, k)
		}
	}, n
}

// Multiplications beside gnark-crypto's ScalarMultiplication, which knows nothing of its point and takes
// variable time. x-peer is to be at most 0.1 for a fixed base in variable time.
func BenchmarkScalarMul(b *testing.B) {
	g := babyjub.NewGenerator()
	table := babyjub.NewTable(g)
	scalars := make([]babyjub.Scalar, 16)
	for i := range scalars {
		scalars[i] = randomScalar()
	}
	sinkPoint.VarTimeScalarBaseMul(&scalars[0]) // makes the table
	for _, c := range []struct {
		name string
		mul  func(*babyjub.Scalar)
	}{
		{"fixed base/variable time", func(s *babyjub.Scalar) { sinkPoint.VarTimeScalarBaseMul(s) }},
		{"fixed base/constant time", func(s *babyjub.Scalar) { sinkPoint = table.Mul(s) }},
		{"fixed base/constant time/64 bits", func(*babyjub.Scalar) { sinkPoint.ScalarBaseMulUint64(^uint64(0)) }},
		{"any point/variable time", func(s *babyjub.Scalar) { sinkPoint.VarTimeScalarMul(s, g) }},
		{"any point/constant time", func(s *babyjub.Scalar) { sinkPoint.ScalarMul(s, g) }},
		{"any point/variable time/64 bits", func(*babyjub.Scalar) { sinkPoint.VarTimeMulUint64(^uint64(0), g) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			theirs, n := peer(4)
			benchtest.Beside(b, func() {
				for i := range scalars {
					c.mul(&scalars[i])
				}
			}, len(scalars), theirs, n)
		})
	}
}

// One product of a sum of n, beside gnark-crypto's ScalarMultiplication. With -cpu 1, x-peer is to be at most
// 0.05 for n = 32768.
func BenchmarkMultiScalarMul(b *testing.B) {
	for _, n := range []int{8, 64, 128, 512, 1 << 10, 5000, 12000, 1 << 15, 1 << 17} {
		scalars, points := randomProducts(n)
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			theirs, m := peer(16)
			benchtest.Beside(b, func() { sinkPoint = babyjub.VarTimeMultiScalarMul(scalars, points) }, n, theirs, m)
		})
	}
}

// A product of a sum of 75 in constant time, as a ballot commits to as many bits, beside one by a table.
func BenchmarkConstantTimeSum(b *testing.B) {
	scalars, points := randomProducts(75)
	multiples := babyjub.NewMultiples(points)
	bits := make([]babyjub.Scalar, len(points))
	for i := range bits {
		bits[i].SetUint64(uint64(i % 2))
	}
	table := babyjub.NewTable(&points[0])
	byTable := func() {
		for i := range scalars {
			sinkPoint = table.Mul(&scalars[i])
		}
	}
	b.Run("MultiScalarMul", func(b *testing.B) {
		benchtest.Beside(b, func() { sinkPoint = babyjub.MultiScalarMul(scalars, multiples) }, len(points), byTable, len(points))
	})
	b.Run("SubsetSum", func(b *testing.B) {
		benchtest.Beside(b, func() { sinkPoint = babyjub.SubsetSum(bits, multiples) }, len(points), byTable, len(points))
	})
}

// Decoding with the check for order q, beside the check by a multiplication by q, in variable time.
func BenchmarkSubgroup(b *testing.B) {
	p := babyjub.HashToPoint("p")
	enc := p.Bytes()
	benchtest.Beside(b, func() { sinkErr = sinkPoint.SetSubgroupBytes(enc[:]) }, 1, func() { babyjub.MulByOrder(&p) }, 1)
}

// The floor of all this: products of the field, one that waits for another, one of many that do not, and one
// of a vector of n.
func BenchmarkFieldProduct(b *testing.B) {
	var x [16]babyjub.Field
	for i := range x {
		x[i].SetUint64(uint64(i) + 7)
	}
	y := *new(babyjub.Field).Inverse(&x[0])
	perProduct := func(b *testing.B, n int) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/product")
	}
	b.Run("chain", func(b *testing.B) {
		for b.Loop() {
			for range x {
				y.Mul(&y, &x[1])
			}
		}
		perProduct(b, len(x))
	})
	b.Run("independent", func(b *testing.B) {
		for b.Loop() {
			for i := range x {
				x[i].Mul(&x[i], &y)
			}
		}
		perProduct(b, len(x))
	})
	for _, n := range []int{8, 16, 32, 64, 128, 512} {
		v := make(fr.Vector, n)
		v.MustSetRandom()
		b.Run(fmt.Sprintf("vector/%d", n), func(b *testing.B) {
			for b.Loop() {
				v.Mul(v, v)
			}
			perProduct(b, n)
		})
	}
}

// randomProducts returns n random scalars and n distinct points with z = 1.
func randomProducts(n int) ([]babyjub.Scalar, []babyjub.Point) {
	scalars, points := make([]babyjub.Scalar, n), make([]babyjub.Point, n)
	p := babyjub.HashToPoint("start")
	step := babyjub.HashToPoint("step")
	for i := range n {
		scalars[i] = randomScalar()
		points[i] = *p.Add(&p, &step)
	}
	for i, b := range babyjub.BatchBytes(points) {
		if err := points[i].SetBytes(b[:]); err != nil {
			panic(err)
		}
	}
	return scalars, points
}

func BenchmarkPoint(b *testing.B) {
	p, q := babyjub.HashToPoint("p"), babyjub.HashToPoint("q")
	enc := p.Bytes()
	var one babyjub.Scalar
	one.SetUint64(1)
	for name, f := range map[string]func(){
		"Add":          func() { sinkPoint.Add(&p, &q) },
		"Double":       func() { sinkPoint.Double(&p) },
		"Bytes":        func() { sinkBytes = p.Bytes() },
		"SetBytes":     func() { sinkErr = sinkPoint.SetBytes(enc[:]) },
		"HashToPoint":  func() { sinkPoint = babyjub.HashToPoint("p") },
		"NewTable":     func() { sinkPoint = babyjub.NewTable(&p).Mul(&one) },
		"NewMultiples": func() { babyjub.NewMultiples([]babyjub.Point{p}) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
		})
	}
}

func BenchmarkScalar(b *testing.B) {
	x, y := randomScalar(), randomScalar()
	wide := randomBytes(64)
	k, q := x.BigInt(), new(big.Int)
	for name, f := range map[string]func(){
		"Add":             func() { sinkScalar.Add(&x, &y) },
		"Mul":             func() { sinkScalar.Mul(&x, &y) },
		"Inverse":         func() { sinkScalar.Inverse(&x) },
		"SetUniformBytes": func() { sinkScalar.SetUniformBytes(wide) },
		"peer: big.Int":   func() { q.Mul(k, k); q.Mod(q, iden3.SubOrder) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
		})
	}
}
