package babyjub_test

import (
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
			fromTable = table.VarTimeMul(&s)
			require.True(t, fromTable.Equal(&constant), "%v times point %d", n, i)
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

func TestQTimesAPointIsTheIdentityExactlyInTheSubgroup(t *testing.T) {
	for _, p := range somePoints() {
		require.Equal(t, oracleOf(&p).mul(groupOrder).bytes() == babyjub.NewIdentity().Bytes(), p.InSubgroup())
	}
}

func TestMultiplicationsDoNotAllocate(t *testing.T) {
	s := randomScalar()
	g := babyjub.NewGenerator()
	table := babyjub.NewTable(g)
	b := g.Bytes()
	p := *g
	for name, f := range map[string]func(){
		"ScalarMul":        func() { p.ScalarMul(&s, g) },
		"VarTimeScalarMul": func() { p.VarTimeScalarMul(&s, g) },
		"Table.Mul":        func() { p = table.Mul(&s) },
		"Table.VarTimeMul": func() { p = table.VarTimeMul(&s) },
		"SetBytes":         func() { _ = p.SetBytes(b[:]) },
		"Bytes":            func() { b = p.Bytes() },
		"Add":              func() { p.Add(&p, g) },
	} {
		require.Zero(t, testing.AllocsPerRun(10, f), name)
	}
}
