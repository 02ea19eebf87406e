package babyjub_test

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
)

// Every way to multiply gives the same product: constant and variable time,
// with and without a table.
func TestProductsAgree(t *testing.T) {
	points := []babyjub.Point{*babyjub.NewGenerator(), *babyjub.NewIdentity()}
	torsion := babyjubtest.Torsion()
	points = append(points, torsion[1], torsion[4])
	mixed := randomPoint()
	points = append(points, *mixed.Add(&mixed, &torsion[3]))
	integers := someIntegers()
	multiples := babyjub.NewMultiples(points)
	for i := range points {
		p := &points[i]
		table := babyjub.NewTable(p)
		o := oracleOf(p)
		for k, n := range integers {
			s := scalarOf(n)
			var constant, variable babyjub.Point
			constant.ScalarMul(&s, p)
			require.True(t, variable.VarTimeScalarMul(&s, p).Equal(&constant), "%v times point %d", n, i)
			fromTable := table.Mul(&s)
			require.True(t, fromTable.Equal(&constant), "%v times point %d", n, i)
			fromMultiples := babyjub.MultiScalarMul([]babyjub.Scalar{s}, multiples[i:])
			require.True(t, fromMultiples.Equal(&constant), "%v times point %d", n, i)
			if i == 0 {
				require.True(t, variable.ScalarBaseMul(&s).Equal(&constant), "%v times G", n)
				require.True(t, variable.VarTimeScalarBaseMul(&s).Equal(&constant), "%v times G", n)
			}
			if k%8 == i { // the oracle is slow
				require.Equal(t, o.mul(n).bytes(), constant.Bytes(), "%v times point %d", n, i)
			}
		}
	}
}

func TestProductsAreLinear(t *testing.T) {
	p := randomPoint()
	for range 10 {
		x, y := randomScalar(), randomScalar()
		var xp, yp, sum babyjub.Point
		xp.ScalarMul(&x, &p)
		yp.ScalarMul(&y, &p)
		sum.Add(&xp, &yp)
		var s babyjub.Scalar
		require.True(t, yp.ScalarMul(s.Add(&x, &y), &p).Equal(&sum))
		require.True(t, sum.ScalarMul(&y, &xp).Equal(yp.ScalarMul(s.Mul(&x, &y), &p)))
	}
}

func TestProductsByUint64(t *testing.T) {
	for _, p := range somePoints()[6:11] {
		o := oracleOf(&p)
		for _, u := range []uint64{0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 1<<40 - 1, 1 << 63, 1<<64 - 1} {
			got := new(babyjub.Point).VarTimeMulUint64(u, &p)
			require.Equal(t, o.mul(new(big.Int).SetUint64(u)).bytes(), got.Bytes(), "%d", u)
		}
	}
}

func TestProductsOfTheGeneratorByUint64(t *testing.T) {
	g := babyjub.NewGenerator()
	integers := []uint64{0, 1, 15, 16, 17, 31, 32, 33, 1<<44 - 1, 1 << 63, 1<<64 - 17, 1<<64 - 16, 1<<64 - 1}
	alike := uint64(0)
	for range 12 {
		alike = alike<<5 | 16
		integers = append(integers, alike, alike-1)
	}
	for _, u := range integers {
		var got, want babyjub.Point
		require.True(t, got.ScalarBaseMulUint64(u).Equal(want.VarTimeMulUint64(u, g)), "%d", u)
	}
}

// Sums of products in constant time, of points of any order, are those of products one by one; with scalars
// that are 0 or 1, so are those of SubsetSum.
func TestConstantTimeSumsAreTheSumsOfProducts(t *testing.T) {
	points := somePoints()
	multiples := babyjub.NewMultiples(points)
	integers := someIntegers()
	for n := range len(points) + 1 {
		scalars, bits := make([]babyjub.Scalar, n), make([]babyjub.Scalar, n)
		sum, subset := babyjub.NewIdentity(), babyjub.NewIdentity()
		for i := range n {
			scalars[i] = scalarOf(integers[(n*7+i)%len(integers)])
			var p babyjub.Point
			sum.Add(sum, p.VarTimeScalarMul(&scalars[i], &points[i]))
			if (n+i)%3 != 0 {
				bits[i].SetUint64(1)
				subset.Add(subset, &points[i])
			}
		}
		got := babyjub.MultiScalarMul(scalars, multiples)
		require.True(t, got.Equal(sum), "%d products", n)
		got = babyjub.MultiScalarMul(bits, multiples)
		require.True(t, got.Equal(subset), "%d bits", n)
		got = babyjub.SubsetSum(bits, multiples)
		require.True(t, got.Equal(subset), "%d bits", n)
	}
	require.Panics(t, func() { babyjub.MultiScalarMul(make([]babyjub.Scalar, 2), multiples[:1]) })
	require.Panics(t, func() { babyjub.SubsetSum(make([]babyjub.Scalar, 2), multiples[:1]) })
}

// Every way to multiply agrees with doubling and adding, one bit after the other.
func FuzzProducts(f *testing.F) {
	f.Add(make([]byte, 64), byte(0))
	f.Add(bytes.Repeat([]byte{0xff}, 64), byte(3))
	f.Add(bytes.Repeat([]byte{0x84, 0x21, 0x08, 0x42, 0x10}, 13)[:64], byte(4)) // digits of 16
	torsion := babyjubtest.Torsion()
	g := babyjub.NewGenerator()
	f.Fuzz(func(t *testing.T, b []byte, k byte) {
		if len(b) != 64 {
			t.Skip()
		}
		var s babyjub.Scalar
		n := s.SetUniformBytes(b).BigInt()
		p := *new(babyjub.Point).Add(g, &torsion[k%8])
		want := babyjub.NewIdentity()
		for i := n.BitLen() - 1; i >= 0; i-- {
			if want.Double(want); n.Bit(i) == 1 {
				want.Add(want, &p)
			}
		}
		table, multiples := babyjub.NewTable(&p).Mul(&s), babyjub.MultiScalarMul([]babyjub.Scalar{s}, babyjub.NewMultiples([]babyjub.Point{p}))
		many := make([]babyjub.Scalar, 70) // so many that there are buckets
		points := make([]babyjub.Point, len(many))
		for i := range points {
			points[i] = p
		}
		many[int(k)%len(many)] = s
		multi := babyjub.VarTimeMultiScalarMul(many, points)
		single := babyjub.VarTimeMultiScalarMul([]babyjub.Scalar{s}, points[:1])
		for name, got := range map[string]*babyjub.Point{
			"ScalarMul":                    new(babyjub.Point).ScalarMul(&s, &p),
			"VarTimeScalarMul":             new(babyjub.Point).VarTimeScalarMul(&s, &p),
			"Table.Mul":                    &table,
			"MultiScalarMul":               &multiples,
			"VarTimeMultiScalarMul of 70":  &multi,
			"VarTimeMultiScalarMul of one": &single,
		} {
			require.True(t, got.Equal(want), name)
		}
		if k%8 == 0 {
			require.True(t, new(babyjub.Point).ScalarBaseMul(&s).Equal(want))
			require.True(t, new(babyjub.Point).VarTimeScalarBaseMul(&s).Equal(want))
		}
	})
}

func TestQTimesAPointIsTheIdentityExactlyInTheSubgroup(t *testing.T) {
	for _, p := range somePoints() {
		require.Equal(t, oracleOf(&p).mul(groupOrder).bytes() == babyjub.NewIdentity().Bytes(), p.InSubgroup())
	}
}

func TestMultiplicationsDoNotAllocate(t *testing.T) {
	s := randomScalar()
	g := babyjub.NewGenerator()
	table := babyjub.NewTable(g)
	multiples := babyjub.NewMultiples([]babyjub.Point{*g})
	scalars := []babyjub.Scalar{s}
	b := g.Bytes()
	p := *g
	for name, f := range map[string]func(){
		"ScalarMul":        func() { p.ScalarMul(&s, g) },
		"VarTimeScalarMul": func() { p.VarTimeScalarMul(&s, g) },
		"Table.Mul":        func() { p = table.Mul(&s) },
		"MultiScalarMul":   func() { p = babyjub.MultiScalarMul(scalars, multiples) },
		"SubsetSum":        func() { p = babyjub.SubsetSum(scalars, multiples) },
		"SetBytes":         func() { _ = p.SetBytes(b[:]) },
		"Bytes":            func() { b = p.Bytes() },
		"Add":              func() { p.Add(&p, g) },
	} {
		require.Zero(t, testing.AllocsPerRun(10, f), name)
	}
}
