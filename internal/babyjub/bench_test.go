package babyjub_test

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/twistededwards"
	iden3 "github.com/iden3/go-iden3-crypto/babyjub"

	"github.com/scrutin/scrutin/internal/babyjub"
)

var (
	sinkPoint  babyjub.Point
	sinkScalar babyjub.Scalar
	sinkBytes  [64]byte
	sinkErr    error
)

// The peers of the multiplications below.
func BenchmarkPeers(b *testing.B) {
	s := randomScalar()
	k := s.BigInt()
	b.Run("gnark-crypto/ScalarMultiplication", func(b *testing.B) {
		base := twistededwards.GetEdwardsCurve().Base
		var p twistededwards.PointAffine
		for b.Loop() {
			p.ScalarMultiplication(&base, k)
		}
	})
	b.Run("gnark-crypto/ScalarMultiplicationBase", func(b *testing.B) {
		var p twistededwards.PointAffine
		for b.Loop() {
			p.ScalarMultiplicationBase(k)
		}
	})
	b.Run("iden3/Mul", func(b *testing.B) {
		p := iden3.NewPoint()
		for b.Loop() {
			p.Mul(k, iden3.B8)
		}
	})
}

func BenchmarkScalarMul(b *testing.B) {
	s := randomScalar()
	g := babyjub.NewGenerator()
	table := babyjub.NewTable(g)
	for name, f := range map[string]func(){
		"constant time":            func() { sinkPoint.ScalarMul(&s, g) },
		"variable time":            func() { sinkPoint.VarTimeScalarMul(&s, g) },
		"fixed base/constant time": func() { sinkPoint = table.Mul(&s) },
		"64 bits/variable time":    func() { sinkPoint.VarTimeMulUint64(^uint64(0), g) },
		"40 bits/variable time":    func() { sinkPoint.VarTimeMulUint64(1<<40-1, g) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
		})
	}
}

func BenchmarkMultiScalarMul(b *testing.B) {
	for _, n := range []int{8, 64, 128, 512, 1 << 10, 1 << 12, 1 << 15, 1 << 17} {
		scalars, points := randomProducts(n)
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			for b.Loop() {
				sinkPoint = babyjub.VarTimeMultiScalarMul(scalars, points)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/point")
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
		"Add":              func() { sinkPoint.Add(&p, &q) },
		"Double":           func() { sinkPoint.Double(&p) },
		"Bytes":            func() { sinkBytes = p.Bytes() },
		"SetBytes":         func() { sinkErr = sinkPoint.SetBytes(enc[:]) },
		"SetSubgroupBytes": func() { sinkErr = sinkPoint.SetSubgroupBytes(enc[:]) },
		"HashToPoint":      func() { sinkPoint = babyjub.HashToPoint("p") },
		"NewTable":         func() { sinkPoint = babyjub.NewTable(&p).Mul(&one) },
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
