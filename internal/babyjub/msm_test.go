package babyjub_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
)

// knownPoints returns n points and their logarithms to the base G: the identity,
// then multiples of G, some repeated, some negated, every third with z = 1.
func knownPoints(n int) ([]babyjub.Point, []*big.Int) {
	points, logs := make([]babyjub.Point, n), make([]*big.Int, n)
	g := babyjub.NewGenerator()
	p := babyjub.NewIdentity()
	for i := range n {
		points[i].Set(p)
		logs[i] = big.NewInt(int64(i))
		p.Add(p, g)
	}
	for i, b := range babyjub.BatchBytes(points) {
		if i%3 == 0 {
			if err := points[i].SetBytes(b[:]); err != nil {
				panic(err)
			}
		}
	}
	for i := 2; i < n; i++ {
		switch {
		case i%5 == 3:
			points[i], logs[i] = points[i-1], logs[i-1]
		case i%7 == 5:
			points[i].Neg(&points[i-2])
			logs[i] = new(big.Int).Neg(logs[i-2])
		}
	}
	return points, logs
}

// checkMultiScalarMul compares the sum with the multiple of G that it has to be.
func checkMultiScalarMul(t *testing.T, integers []*big.Int, points []babyjub.Point, logs []*big.Int) {
	t.Helper()
	scalars := make([]babyjub.Scalar, len(integers))
	want := new(big.Int)
	for i, n := range integers {
		scalars[i] = scalarOf(n)
		want.Add(want, new(big.Int).Mul(n, logs[i]))
	}
	s := scalarOf(want)
	got := babyjub.VarTimeMultiScalarMul(scalars, points)
	require.True(t, got.Equal(new(babyjub.Point).VarTimeScalarBaseMul(&s)), "%d points", len(points))
}

// The sizes lie on both sides of every change of algorithm or window.
var multiSizes = []int{1, 2, 3, 7, 31, 63, 64, 65, 100, 160, 400, 1000, 3000, 6000, 12000, 20000}

func TestMultiScalarMulIsTheSumOfProducts(t *testing.T) {
	points, logs := knownPoints(multiSizes[len(multiSizes)-1])
	edges := edgeIntegers()
	for _, n := range multiSizes {
		random, edge := make([]*big.Int, n), make([]*big.Int, n)
		for i := range n {
			s := randomScalar()
			random[i] = s.BigInt()
			edge[i] = edges[i%len(edges)]
		}
		checkMultiScalarMul(t, random, points[:n], logs[:n])
		checkMultiScalarMul(t, edge, points[:n], logs[:n])
	}
}

// All points fall into one bucket of each window.
func TestMultiScalarMulWithEqualScalars(t *testing.T) {
	points, logs := knownPoints(12000)
	s := randomScalar()
	for _, n := range []int{50, 200, 12000} {
		for _, k := range []*big.Int{big.NewInt(0), big.NewInt(1), new(big.Int).Sub(groupOrder, big.NewInt(1)), s.BigInt()} {
			integers := make([]*big.Int, n)
			for i := range integers {
				integers[i] = k
			}
			checkMultiScalarMul(t, integers, points[:n], logs[:n])
		}
	}
}

func TestMultiScalarMulOfOnePoint(t *testing.T) {
	for _, n := range []int{50, 200, 12000} {
		points, logs := make([]babyjub.Point, n), make([]*big.Int, n)
		integers := make([]*big.Int, n)
		for i := range n {
			points[i] = *babyjub.NewGenerator()
			logs[i] = big.NewInt(1)
			if i%2 == 1 { // and its opposite, with the same scalars
				points[i].Neg(&points[i])
				logs[i] = big.NewInt(-1)
			}
			integers[i] = big.NewInt(int64(i / 2))
		}
		checkMultiScalarMul(t, integers, points, logs)
	}
}

// Points of any order, and sums that are the identity.
func TestMultiScalarMulOutsideTheSubgroup(t *testing.T) {
	torsion := babyjubtest.Torsion()
	for _, n := range []int{1, 9, 90, 700, 9000} {
		scalars, points := make([]babyjub.Scalar, n), make([]babyjub.Point, n)
		var want, product babyjub.Point
		want.SetIdentity()
		known, _ := knownPoints(n)
		for i := range n {
			scalars[i].SetUint64(uint64(i) * 0x9e3779b97f4a7c15)
			if i%3 == 0 {
				scalars[i] = randomScalar()
			}
			points[i].Add(&known[i], &torsion[i%8])
			if n > 1000 && i%20 != 0 { // the sum one by one is slow
				scalars[i] = babyjub.Scalar{}
			}
			if !scalars[i].IsZero() {
				want.Add(&want, product.VarTimeScalarMul(&scalars[i], &points[i]))
			}
		}
		got := babyjub.VarTimeMultiScalarMul(scalars, points)
		require.True(t, got.Equal(&want), "%d points", n)
	}
}

func TestMultiScalarMulOfNothingIsTheIdentity(t *testing.T) {
	p := babyjub.VarTimeMultiScalarMul(nil, nil)
	require.True(t, p.IsIdentity())
	for _, n := range []int{1, 100, 6000} {
		points := make([]babyjub.Point, n)
		for i := range points {
			points[i] = *babyjub.NewIdentity()
		}
		scalars := make([]babyjub.Scalar, n)
		p = babyjub.VarTimeMultiScalarMul(scalars, points)
		require.True(t, p.IsIdentity())
		for i := range scalars {
			scalars[i] = randomScalar()
		}
		p = babyjub.VarTimeMultiScalarMul(scalars, points)
		require.True(t, p.IsIdentity())
	}
}

func TestMultiScalarMulPanicsOnUnequalLengths(t *testing.T) {
	require.Panics(t, func() {
		babyjub.VarTimeMultiScalarMul(make([]babyjub.Scalar, 2), []babyjub.Point{*babyjub.NewGenerator()})
	})
}

func TestMultiScalarMulLeavesItsArguments(t *testing.T) {
	points, _ := knownPoints(300)
	scalars := make([]babyjub.Scalar, len(points))
	for i := range scalars {
		scalars[i] = randomScalar()
	}
	p, s := append([]babyjub.Point{}, points...), append([]babyjub.Scalar{}, scalars...)
	babyjub.VarTimeMultiScalarMul(scalars, points)
	require.Equal(t, p, points)
	require.Equal(t, s, scalars)
}
