package elgamal_test

import (
	"crypto/rand"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
	"github.com/scrutin/scrutin/internal/transcript"
)

var g = babyjub.NewGenerator()

func randomScalar() *babyjub.Scalar {
	var b [64]byte
	rand.Read(b[:])
	return new(babyjub.Scalar).SetUniformBytes(b[:])
}

func small(u uint64) *babyjub.Scalar { return new(babyjub.Scalar).SetUint64(u) }

func mul(s *babyjub.Scalar, p *babyjub.Point) *babyjub.Point {
	return new(babyjub.Point).VarTimeScalarMul(s, p)
}

func add(p, q *babyjub.Point) *babyjub.Point { return new(babyjub.Point).Add(p, q) }

// torsion returns the points of order 2, 4 and 8.
func torsion() []babyjub.Point { return babyjubtest.Torsion()[1:] }

// trustees are n trustees, any t of whom open what is encrypted under key: index 0 is the first.
type trustees struct {
	t       int
	secrets []*babyjub.Scalar
	keys    []*babyjub.Point
	key     *elgamal.PublicKey
}

// deal shares a key by a random polynomial of degree t-1, evaluated here by Horner's rule.
func deal(tb testing.TB, t, n int) *trustees {
	tb.Helper()
	polynomial := make([]*babyjub.Scalar, t)
	for i := range polynomial {
		polynomial[i] = randomScalar()
	}
	d := &trustees{t: t}
	for j := 1; j <= n; j++ {
		x := new(babyjub.Scalar)
		for i := t - 1; i >= 0; i-- {
			x.Mul(x, small(uint64(j)))
			x.Add(x, polynomial[i])
		}
		d.secrets = append(d.secrets, x)
		d.keys = append(d.keys, mul(x, g))
	}
	var err error
	d.key, err = elgamal.NewPublicKey(mul(polynomial[0], g))
	require.NoError(tb, err)
	return d
}

// encrypt returns one cofactored sum for each plaintext.
func (d *trustees) encrypt(plaintexts ...uint64) []elgamal.Ciphertext {
	sums := make([]elgamal.Ciphertext, len(plaintexts))
	for k, m := range plaintexts {
		c := d.key.Encrypt(m, randomScalar())
		sums[k].MulByCofactor(&c)
	}
	return sums
}

func opening(election string, checkpoint, trustee uint64) *transcript.Transcript {
	t := transcript.New("elgamal test")
	t.Absorb("election", []byte(election))
	t.AbsorbUint64("checkpoint", checkpoint)
	t.AbsorbUint64("trustee", trustee)
	return t
}

// share returns the share of trustee j, the first being 1, in election "e" at checkpoint 1.
func (d *trustees) share(tb testing.TB, j int, sums []elgamal.Ciphertext) *elgamal.Share {
	tb.Helper()
	s, err := elgamal.NewShare(opening("e", 1, uint64(j)), d.secrets[j-1], d.keys[j-1], sums)
	require.NoError(tb, err)
	require.NoError(tb, d.verify(s, j, sums))
	return s
}

func (d *trustees) verify(s *elgamal.Share, j int, sums []elgamal.Ciphertext) error {
	return s.Verify(opening("e", 1, uint64(j)), d.keys[j-1], sums)
}

var (
	fieldModulus, _ = new(big.Int).SetString("21888242871839275222246405745257275088548364400416034343698204186575808495617", 10)
	groupOrder, _   = new(big.Int).SetString("2736030358979909402780800718157159386076813972158567259200215660948447373041", 10)
)

// raised returns b with the 32-byte number at an offset increased.
func raised(b []byte, at int, by *big.Int) []byte {
	c := append([]byte{}, b...)
	v := new(big.Int).SetBytes(c[at : at+32])
	v.Add(v, by).FillBytes(c[at : at+32])
	return c
}

// misspelled returns what is no encoding of anything: points of the good encoding at the offsets given, changed to a
// second spelling or off the curve.
func misspelled(good []byte, points ...int) [][]byte {
	var out [][]byte
	for _, at := range points {
		out = append(out, raised(good, at, fieldModulus), raised(good, at+32, fieldModulus), raised(good, at, big.NewInt(1)))
	}
	return out
}

// otherLengths returns every shorter encoding and 100 longer ones.
func otherLengths(good []byte) [][]byte {
	var out [][]byte
	for n := range good {
		out = append(out, good[:n])
	}
	for n := range 100 {
		out = append(out, append(append([]byte{}, good...), make([]byte, n+1)...))
	}
	return out
}
