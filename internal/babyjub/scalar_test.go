package babyjub_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
)

func someIntegers() []*big.Int {
	integers := edgeIntegers()
	for range 20 {
		s := randomScalar()
		integers = append(integers, s.BigInt())
	}
	return integers
}

func TestScalarArithmeticIsThatOfIntegersModuloQ(t *testing.T) {
	check := func(want *big.Int, got *babyjub.Scalar, what string, operands ...*big.Int) {
		t.Helper()
		want.Mod(want, groupOrder)
		if got.BigInt().Cmp(want) != 0 {
			t.Fatalf("%s of %v is %v, want %v", what, operands, got.BigInt(), want)
		}
	}
	integers := someIntegers()
	for _, m := range integers {
		x := scalarOf(m)
		check(new(big.Int).Set(m), &x, "value", m)
		check(new(big.Int).Neg(m), new(babyjub.Scalar).Neg(&x), "negative", m)
		require.Equal(t, m.Sign() == 0, x.IsZero())
		receiver := randomScalar()
		inverse := receiver.Inverse(&x)
		if m.Sign() == 0 {
			require.True(t, inverse.IsZero(), "the inverse of 0 is 0")
		} else {
			check(new(big.Int).ModInverse(m, groupOrder), inverse, "inverse", m)
		}
		for _, n := range integers {
			y := scalarOf(n)
			check(new(big.Int).Add(m, n), new(babyjub.Scalar).Add(&x, &y), "sum", m, n)
			check(new(big.Int).Sub(m, n), new(babyjub.Scalar).Sub(&x, &y), "difference", m, n)
			check(new(big.Int).Mul(m, n), new(babyjub.Scalar).Mul(&x, &y), "product", m, n)
			if x.Equal(&y) != (m.Cmp(n) == 0) {
				t.Fatalf("equality of %v and %v", m, n)
			}
		}
	}
}

func TestScalarSmallIntegers(t *testing.T) {
	for _, u := range []uint64{0, 1, 2, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1} {
		require.Zero(t, new(big.Int).SetUint64(u).Cmp(new(babyjub.Scalar).SetUint64(u).BigInt()), "%d", u)
		i := int64(u)
		want := new(big.Int).Mod(big.NewInt(i), groupOrder)
		require.Zero(t, want.Cmp(new(babyjub.Scalar).SetInt64(i).BigInt()), "%d", i)
	}
}

func TestScalarReceiverMayBeAnArgument(t *testing.T) {
	x, y := randomScalar(), randomScalar()
	for name, op := range map[string]func(s, x, y *babyjub.Scalar) *babyjub.Scalar{
		"Add":     (*babyjub.Scalar).Add,
		"Sub":     (*babyjub.Scalar).Sub,
		"Mul":     (*babyjub.Scalar).Mul,
		"Neg":     func(s, x, _ *babyjub.Scalar) *babyjub.Scalar { return s.Neg(x) },
		"Inverse": func(s, x, _ *babyjub.Scalar) *babyjub.Scalar { return s.Inverse(x) },
		"Set":     func(s, x, _ *babyjub.Scalar) *babyjub.Scalar { return s.Set(x) },
	} {
		var want, both babyjub.Scalar
		op(&want, &x, &y)
		op(&both, &x, &x)

		first, second, same := x, y, x
		require.Same(t, &first, op(&first, &first, &y), name)
		require.True(t, first.Equal(&want), name)
		op(&second, &x, &second)
		require.True(t, second.Equal(&want), name)
		op(&same, &same, &same)
		require.True(t, same.Equal(&both), name)
	}
}

func TestScalarBytesRoundTrip(t *testing.T) {
	for _, m := range someIntegers() {
		s := scalarOf(m)
		b := s.Bytes()
		require.Equal(t, m.FillBytes(make([]byte, 32)), b[:])
		var back babyjub.Scalar
		require.NoError(t, back.SetBytes(b[:]))
		require.True(t, back.Equal(&s))
	}
}

func TestScalarUniformBytesAreReducedModuloQ(t *testing.T) {
	ones := make([]byte, 64)
	for i := range ones {
		ones[i] = 0xff
	}
	inputs := [][]byte{make([]byte, 64), ones, groupOrder.FillBytes(make([]byte, 64))}
	for range 50 {
		inputs = append(inputs, randomBytes(64))
	}
	for _, b := range inputs {
		want := new(big.Int).Mod(new(big.Int).SetBytes(b), groupOrder)
		require.Zero(t, want.Cmp(new(babyjub.Scalar).SetUniformBytes(b).BigInt()), "%x", b)
	}
	for _, n := range []int{0, 32, 63, 65} {
		require.Panics(t, func() { new(babyjub.Scalar).SetUniformBytes(make([]byte, n)) })
	}
}

func TestRejectsScalarsOutOfRange(t *testing.T) {
	before := randomScalar()
	s := before
	for _, n := range []*big.Int{
		groupOrder,
		new(big.Int).Add(groupOrder, big.NewInt(1)),
		new(big.Int).Sub(new(big.Int).Lsh(groupOrder, 1), big.NewInt(1)),
		new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)),
	} {
		require.ErrorIs(t, s.SetBytes(n.FillBytes(make([]byte, 32))), babyjub.ErrEncoding)
		require.ErrorIs(t, s.SetBigInt(n), babyjub.ErrEncoding)
	}
	require.ErrorIs(t, s.SetBigInt(big.NewInt(-1)), babyjub.ErrEncoding)
	require.ErrorIs(t, s.SetBigInt(new(big.Int).Lsh(groupOrder, 200)), babyjub.ErrEncoding)
	require.True(t, s.Equal(&before), "an error leaves the scalar as it was")
}

func TestScalarPrintsRedacted(t *testing.T) {
	s := new(babyjub.Scalar).SetUint64(0xdecade)
	type exported struct{ Key babyjub.Scalar }
	const redacted = "Scalar(redacted)"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%t", "%g", "%10v", "%08x"} {
		require.Equal(t, redacted, fmt.Sprintf(verb, s))
		require.Equal(t, redacted, fmt.Sprintf(verb, *s))
	}
	require.Equal(t, redacted, s.String())
	require.Equal(t, redacted, s.GoString())
	require.Equal(t, "{"+redacted+"}", fmt.Sprint(exported{*s}))
	b, err := json.Marshal(exported{*s})
	require.NoError(t, err)
	require.Equal(t, `{"Key":{}}`, string(b))
}
