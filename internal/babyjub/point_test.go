package babyjub_test

import (
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/twistededwards"
	iden3 "github.com/iden3/go-iden3-crypto/babyjub"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
)

// The facts that docs/spec/babyjub.md and the completeness of the addition rest
// on.
func TestCurveConstants(t *testing.T) {
	require.True(t, fieldOrder.ProbablyPrime(20))
	require.True(t, groupOrder.ProbablyPrime(20))
	require.Equal(t, 1, big.Jacobi(curveA, fieldOrder), "a is a square")
	require.Equal(t, -1, big.Jacobi(curveD, fieldOrder), "d is not")
	require.Equal(t, 1, big.Jacobi(new(big.Int).Sub(fieldOrder, big.NewInt(1)), fieldOrder), "-1 is a square")

	// gnark-crypto's curve: x = -f x_EIP2494 with f^2 = -a, so a = -1 and d = -168696/168700.
	f := integer("6360561867910373094066688120553762416144456282423235903351243436111059670888")
	require.Zero(t, mulMod(f, f).Cmp(new(big.Int).Sub(fieldOrder, curveA)))
	gnark := twistededwards.GetEdwardsCurve()
	d := new(big.Int)
	gnark.D.BigInt(d)
	require.Zero(t, mulMod(d, curveA).Cmp(new(big.Int).Sub(fieldOrder, curveD)))
	x := new(big.Int)
	gnark.Base.X.BigInt(x)
	g := oracleOf(babyjub.NewGenerator())
	require.Zero(t, mulMod(f, g.x).Cmp(x.Sub(fieldOrder, x)))
	require.Zero(t, gnark.Order.Cmp(groupOrder))
}

func TestGeneratorIsB8(t *testing.T) {
	g := oracleOf(babyjub.NewGenerator())
	require.Equal(t, iden3.B8.X, g.x)
	require.Equal(t, iden3.B8.Y, g.y)
	require.Equal(t, iden3.SubOrder, groupOrder)
	require.True(t, g.onCurve())
	identity := oracleOf(babyjub.NewIdentity())
	require.Equal(t, identity, g.mul(groupOrder))
}

func TestTorsionPointsAreTheEightOfOrderDividing8(t *testing.T) {
	torsion := babyjubtest.Torsion()
	require.Len(t, torsion, 8)
	for k := range torsion {
		p := &torsion[k]
		require.True(t, oracleOf(p).onCurve())
		require.True(t, p.IsSmallOrder())
		require.Equal(t, k == 0, p.IsIdentity())
		require.Equal(t, k == 0, p.InSubgroup())
		for j := range torsion {
			require.Equal(t, k == j, p.Equal(&torsion[j]))
			require.True(t, new(babyjub.Point).Add(p, &torsion[j]).Equal(&torsion[(k+j)%8]))
		}
	}
	minusOne := new(big.Int).Sub(fieldOrder, big.NewInt(1))
	require.Equal(t, oracle{big.NewInt(0), minusOne}.bytes(), torsion[4].Bytes())
}

func TestGroupLawIsThatOfEIP2494(t *testing.T) {
	points := somePoints()
	var r babyjub.Point
	for i := range points {
		p := &points[i]
		op := oracleOf(p)
		require.Equal(t, op.add(op).bytes(), r.Double(p).Bytes())
		require.Equal(t, op.mul(big.NewInt(8)).bytes(), r.MulByCofactor(p).Bytes())
		negative := oracle{new(big.Int).Mod(new(big.Int).Neg(op.x), fieldOrder), op.y}
		require.Equal(t, negative.bytes(), r.Neg(p).Bytes())
		require.True(t, r.Sub(p, p).IsIdentity())
		require.True(t, r.Add(p, babyjub.NewIdentity()).Equal(p))
		require.True(t, r.Add(babyjub.NewIdentity(), p).Equal(p))
		require.True(t, r.Add(p, p).Equal(new(babyjub.Point).Double(p)))
		for j := range points {
			q := &points[j]
			want := op.add(oracleOf(q)).bytes()
			require.Equal(t, want, r.Add(p, q).Bytes())
			require.True(t, r.Sub(&r, q).Equal(p))
			require.Equal(t, i == j, p.Equal(q))
		}
	}
}

func TestGroupLawIsAssociative(t *testing.T) {
	points := somePoints()
	for i := range points {
		a, b, c := &points[i], &points[(i*5+3)%len(points)], &points[(i*7+1)%len(points)]
		var left, right babyjub.Point
		left.Add(left.Add(a, b), c)
		right.Add(a, right.Add(b, c))
		require.True(t, left.Equal(&right))
	}
}

func TestPointReceiverMayBeAnArgument(t *testing.T) {
	p, q := randomPoint(), randomPoint()
	s := randomScalar()
	type binary = func(r, p, q *babyjub.Point) *babyjub.Point
	for name, op := range map[string]binary{
		"Add":              (*babyjub.Point).Add,
		"Sub":              (*babyjub.Point).Sub,
		"Double":           func(r, p, _ *babyjub.Point) *babyjub.Point { return r.Double(p) },
		"Neg":              func(r, p, _ *babyjub.Point) *babyjub.Point { return r.Neg(p) },
		"Set":              func(r, p, _ *babyjub.Point) *babyjub.Point { return r.Set(p) },
		"MulByCofactor":    func(r, p, _ *babyjub.Point) *babyjub.Point { return r.MulByCofactor(p) },
		"ScalarMul":        func(r, p, _ *babyjub.Point) *babyjub.Point { return r.ScalarMul(&s, p) },
		"VarTimeScalarMul": func(r, p, _ *babyjub.Point) *babyjub.Point { return r.VarTimeScalarMul(&s, p) },
		"VarTimeMulUint64": func(r, p, _ *babyjub.Point) *babyjub.Point { return r.VarTimeMulUint64(77, p) },
	} {
		var want, both babyjub.Point
		op(&want, &p, &q)
		op(&both, &p, &p)

		first, second, same := p, q, p
		require.Same(t, &first, op(&first, &first, &q), name)
		require.True(t, first.Equal(&want), name)
		op(&second, &p, &second)
		require.True(t, second.Equal(&want), name)
		op(&same, &same, &same)
		require.True(t, same.Equal(&both), name)
	}
}

func TestUninitializedPointPanics(t *testing.T) {
	var zero, r babyjub.Point
	g := babyjub.NewGenerator()
	s := randomScalar()
	for name, use := range map[string]func(){
		"Equal":                 func() { zero.Equal(g) },
		"Equal's argument":      func() { g.Equal(&zero) },
		"IsIdentity":            func() { zero.IsIdentity() },
		"IsSmallOrder":          func() { zero.IsSmallOrder() },
		"InSubgroup":            func() { zero.InSubgroup() },
		"Bytes":                 func() { zero.Bytes() },
		"Affine":                func() { zero.Affine() },
		"BatchBytes":            func() { babyjub.BatchBytes([]babyjub.Point{*g, zero}) },
		"Set":                   func() { r.Set(&zero) },
		"Add, first":            func() { r.Add(&zero, g) },
		"Add, second":           func() { r.Add(g, &zero) },
		"Sub, first":            func() { r.Sub(&zero, g) },
		"Sub, second":           func() { r.Sub(g, &zero) },
		"Neg":                   func() { r.Neg(&zero) },
		"Double":                func() { r.Double(&zero) },
		"MulByCofactor":         func() { r.MulByCofactor(&zero) },
		"ScalarMul":             func() { r.ScalarMul(&s, &zero) },
		"VarTimeScalarMul":      func() { r.VarTimeScalarMul(&s, &zero) },
		"VarTimeMulUint64":      func() { r.VarTimeMulUint64(0, &zero) },
		"NewTable":              func() { babyjub.NewTable(&zero) },
		"NewMultiples":          func() { babyjub.NewMultiples([]babyjub.Point{*g, zero}) },
		"VarTimeMultiScalarMul": func() { babyjub.VarTimeMultiScalarMul([]babyjub.Scalar{s, s}, []babyjub.Point{*g, zero}) },
	} {
		require.PanicsWithValue(t, "babyjub: uninitialized point", use, name)
	}
}

func TestAgreesWithIden3(t *testing.T) {
	for range 20 {
		s := randomScalar()
		want := iden3.NewPoint().Mul(s.BigInt(), iden3.B8)
		p := new(babyjub.Point).ScalarBaseMul(&s)
		got := oracleOf(p)
		require.Equal(t, want.X, got.x)
		require.Equal(t, want.Y, got.y)
		require.True(t, want.InSubGroup())
	}
	for _, p := range somePoints() {
		o := oracleOf(&p)
		peer := &iden3.Point{X: o.x, Y: o.y}
		require.True(t, peer.InCurve())
		require.Equal(t, peer.InSubGroup(), p.InSubgroup())
	}
}

func TestAgreesWithGnarkCrypto(t *testing.T) {
	base := twistededwards.GetEdwardsCurve().Base
	f := integer("6360561867910373094066688120553762416144456282423235903351243436111059670888")
	for range 20 {
		s := randomScalar()
		var want twistededwards.PointAffine
		want.ScalarMultiplication(&base, s.BigInt())
		x, y := new(big.Int), new(big.Int)
		want.X.BigInt(x)
		want.Y.BigInt(y)
		got := oracleOf(new(babyjub.Point).ScalarBaseMul(&s))
		require.Zero(t, y.Cmp(got.y))
		require.Zero(t, x.Cmp(new(big.Int).Sub(fieldOrder, mulMod(f, got.x))))
	}
}
