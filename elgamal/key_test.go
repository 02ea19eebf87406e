package elgamal_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
)

func TestPublicKeyRoundTrip(t *testing.T) {
	h := mul(randomScalar(), g)
	k, err := elgamal.NewPublicKey(h)
	require.NoError(t, err)
	b := k.Bytes()
	require.Equal(t, h.Bytes(), b)
	parsed, err := elgamal.ParsePublicKey(b[:])
	require.NoError(t, err)
	require.True(t, parsed.Equal(k))
	require.True(t, parsed.Point().Equal(h))

	other, err := elgamal.NewPublicKey(g)
	require.NoError(t, err)
	require.False(t, other.Equal(k))
}

func TestPublicKeyIsItsOwnCopy(t *testing.T) {
	h := mul(randomScalar(), g)
	k, err := elgamal.NewPublicKey(h)
	require.NoError(t, err)
	before := k.Bytes()
	h.SetIdentity()
	k.Point().SetIdentity()
	require.Equal(t, before, k.Bytes())
	product := k.Table().Mul(small(1))
	require.Equal(t, before, product.Bytes())
}

func TestAttack04PublicKeysOutsideTheSubgroup(t *testing.T) {
	h := mul(randomScalar(), g)
	bad := []babyjub.Point{*babyjub.NewIdentity()}
	for _, s := range torsion() {
		bad = append(bad, s, *add(h, &s))
	}
	for i := range bad {
		_, err := elgamal.NewPublicKey(&bad[i])
		require.ErrorIs(t, err, elgamal.ErrInvalid, "point %d", i)
		require.ErrorIs(t, err, babyjub.ErrSubgroup, "point %d", i)
		b := bad[i].Bytes()
		_, err = elgamal.ParsePublicKey(b[:])
		require.ErrorIs(t, err, elgamal.ErrInvalid, "point %d", i)
	}
}

func TestAttack27PublicKeyEncodings(t *testing.T) {
	b := mul(randomScalar(), g).Bytes()
	for _, bad := range append(otherLengths(b[:]), misspelled(b[:], 0)...) {
		_, err := elgamal.ParsePublicKey(bad)
		require.ErrorIs(t, err, elgamal.ErrMalformed, "%x", bad)
	}
}

func TestEncryptMeetsItsDefinition(t *testing.T) {
	h := mul(randomScalar(), g)
	k, err := elgamal.NewPublicKey(h)
	require.NoError(t, err)
	for _, m := range []uint64{0, 1, 2, 1<<44 - 1, 1 << 63, 1<<64 - 1} {
		for _, r := range []*babyjub.Scalar{small(0), small(1), randomScalar(), new(babyjub.Scalar).Neg(small(1))} {
			c := k.Encrypt(m, r)
			require.True(t, c.A.Equal(mul(r, g)))
			require.True(t, c.B.Equal(add(mul(small(m), g), mul(r, h))))
		}
	}
}

func TestPublicKeyIsSafeForConcurrentUse(t *testing.T) {
	k, err := elgamal.NewPublicKey(mul(randomScalar(), g))
	require.NoError(t, err)
	r := randomScalar()
	var results [8]elgamal.Ciphertext
	var group sync.WaitGroup
	for i := range results {
		group.Go(func() { results[i] = k.Encrypt(7, r) })
	}
	group.Wait()
	for i := range results {
		require.True(t, results[i].Equal(&results[0]))
	}
	require.Same(t, k.Table(), k.Table(), "built once")
}

func TestCiphertextsAdd(t *testing.T) {
	d := deal(t, 1, 1)
	r, s := randomScalar(), randomScalar()
	x, y := d.key.Encrypt(20, r), d.key.Encrypt(22, s)
	var sum elgamal.Ciphertext
	require.Same(t, &sum, sum.Add(&x, &y))
	want := d.key.Encrypt(42, new(babyjub.Scalar).Add(r, s))
	require.True(t, sum.Equal(&want))

	empty := elgamal.NewCiphertext()
	sum.Add(&sum, &empty)
	require.True(t, sum.Equal(&want))
	x.Add(&x, &y)
	require.True(t, x.Equal(&want), "the receiver may be an argument")
}

func TestCiphertextsWeigh(t *testing.T) {
	d := deal(t, 1, 1)
	r := randomScalar()
	x := d.key.Encrypt(3, r)
	for _, w := range []uint64{0, 1, 2, 8, 40_000_000_000, 1<<62 - 1} {
		var c elgamal.Ciphertext
		c.MulUint64(w, &x)
		want := d.key.Encrypt(3*w, new(babyjub.Scalar).Mul(small(w), r))
		require.True(t, c.Equal(&want), "weight %d", w)
	}
	var eight, cofactored elgamal.Ciphertext
	eight.MulUint64(8, &x)
	cofactored.MulByCofactor(&x)
	require.True(t, eight.Equal(&cofactored))
}

// What a ballot's points have of small order vanishes with the cofactor, at each place and in each sum.
func TestAttack04CofactoredSumsLoseSmallOrder(t *testing.T) {
	d := deal(t, 1, 1)
	x, y := d.key.Encrypt(3, randomScalar()), d.key.Encrypt(5, randomScalar())
	var want elgamal.Ciphertext
	want.Add(&x, &y)
	want.MulByCofactor(&want)
	for _, s := range torsion() {
		for _, c := range []elgamal.Ciphertext{
			{A: *add(&x.A, &s), B: x.B},
			{A: x.A, B: *add(&x.B, &s)},
			{A: *add(&x.A, &s), B: *add(&x.B, &s)},
		} {
			require.False(t, c.Equal(&x))
			c.Add(&c, &y)
			c.MulByCofactor(&c)
			require.True(t, c.Equal(&want))
		}
	}
}

func TestCiphertextEqualLooksAtBothPoints(t *testing.T) {
	d := deal(t, 1, 1)
	x := d.key.Encrypt(3, randomScalar())
	y := elgamal.Ciphertext{A: x.A, B: *add(&x.B, g)}
	z := elgamal.Ciphertext{A: *add(&x.A, g), B: x.B}
	require.True(t, x.Equal(&x))
	require.False(t, x.Equal(&y))
	require.False(t, x.Equal(&z))
}

func TestCiphertextRoundTrip(t *testing.T) {
	d := deal(t, 1, 1)
	// Any points of the curve make a ciphertext.
	all := append(babyjubtest.Torsion(), *g, *add(g, &torsion()[0]))
	ciphertexts := []elgamal.Ciphertext{elgamal.NewCiphertext(), d.key.Encrypt(3, randomScalar())}
	for i := range all {
		ciphertexts = append(ciphertexts, elgamal.Ciphertext{A: all[i], B: all[(i+3)%len(all)]})
	}
	for _, c := range ciphertexts {
		b := c.Bytes()
		ab, bb := c.A.Bytes(), c.B.Bytes()
		require.Equal(t, append(ab[:], bb[:]...), b[:])
		var got elgamal.Ciphertext
		require.NoError(t, got.SetBytes(b[:]))
		require.True(t, got.Equal(&c))
	}
}

func TestAttack27CiphertextEncodings(t *testing.T) {
	d := deal(t, 1, 1)
	c := d.key.Encrypt(3, randomScalar())
	good := c.Bytes()
	for _, bad := range append(otherLengths(good[:]), misspelled(good[:], 0, 64)...) {
		got := c
		require.ErrorIs(t, got.SetBytes(bad), elgamal.ErrMalformed, "%x", bad)
		require.Equal(t, good, got.Bytes(), "unchanged on error")
	}
}

func FuzzCiphertext(f *testing.F) {
	c := elgamal.NewCiphertext()
	b := c.Bytes()
	f.Add(b[:])
	f.Fuzz(func(t *testing.T, b []byte) {
		var c elgamal.Ciphertext
		if c.SetBytes(b) == nil {
			out := c.Bytes()
			require.Equal(t, b, out[:])
		}
	})
}

var sink elgamal.Ciphertext

func BenchmarkEncrypt(b *testing.B) {
	k := deal(b, 1, 1).key
	r := randomScalar()
	k.Table()
	for b.Loop() {
		sink = k.Encrypt(1<<43, r)
	}
}
