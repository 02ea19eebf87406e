package kybergroup_test

import (
	"bytes"
	"crypto/cipher"
	"crypto/sha256"
	"fmt"
	"hash"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
	"go.dedis.ch/kyber/v3/util/random"
	kybertest "go.dedis.ch/kyber/v3/util/test"
	"go.dedis.ch/kyber/v3/xof/blake2xb"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
	"github.com/scrutin/scrutin/internal/kybergroup"
)

// suite adds to the group what kyber's tests need beside it.
type suite struct{ kyber.Group }

func (suite) Hash() hash.Hash             { return sha256.New() }
func (suite) XOF(seed []byte) kyber.XOF   { return blake2xb.New(seed) }
func (suite) RandomStream() cipher.Stream { return random.New() }

// The tests that kyber runs on its own groups; they include GroupTest.
func TestPassesKybersOwnTests(t *testing.T) {
	kybertest.SuiteTest(t, suite{kybergroup.New()})
}

func TestConversionsCopy(t *testing.T) {
	g := kybergroup.New()
	generator := babyjub.NewGenerator()
	p := kybergroup.FromPoint(generator)
	require.True(t, p.Equal(g.Point().Base()))
	p.Add(p, p)
	require.True(t, generator.Equal(babyjub.NewGenerator()), "the point given is as it was")
	q := kybergroup.ToPoint(p)
	p.Null()
	require.True(t, q.Equal(new(babyjub.Point).Double(generator)), "the point taken stays")

	seven := new(babyjub.Scalar).SetUint64(7)
	s := kybergroup.FromScalar(seven)
	require.True(t, s.Equal(g.Scalar().SetInt64(7)))
	s.Neg(s)
	require.True(t, seven.Equal(new(babyjub.Scalar).SetUint64(7)))
	x := kybergroup.ToScalar(s)
	s.Zero()
	require.True(t, x.Equal(new(babyjub.Scalar).SetInt64(-7)))
}

func TestMulIsThatOfBabyjub(t *testing.T) {
	g := kybergroup.New()
	s := g.Scalar().Pick(random.New())
	p := g.Point().Pick(random.New())
	x := kybergroup.ToScalar(s)
	require.True(t, kybergroup.ToPoint(g.Point().Mul(s, p)).Equal(new(babyjub.Point).VarTimeScalarMul(x, kybergroup.ToPoint(p))))
	require.True(t, g.Point().Mul(s, nil).Equal(g.Point().Mul(s, g.Point().Base())))
	require.True(t, g.Point().Mul(g.Scalar().Zero(), p).Equal(g.Point().Null()))
}

func TestReceiverMayBeAnArgument(t *testing.T) {
	g := kybergroup.New()
	stream := random.New()
	a, b := g.Scalar().Pick(stream), g.Scalar().Pick(stream)
	quotient := g.Scalar().Div(a, b)
	require.True(t, a.Clone().Div(a, b).Equal(quotient))
	c := b.Clone()
	require.True(t, c.Div(a, c).Equal(quotient))
	require.True(t, c.Mul(quotient, b).Equal(a))
	require.True(t, c.Div(c, c).Equal(g.Scalar().One()))
	require.True(t, c.Div(c, g.Scalar().Zero()).Equal(g.Scalar().Zero()), "0 has no inverse, and takes 0 for it")

	p := g.Point().Pick(stream)
	product := g.Point().Mul(a, p)
	require.True(t, p.Clone().Mul(a, p).Equal(product))
	q := p.Clone()
	require.True(t, q.Mul(a, q).Equal(product))
	require.True(t, q.Sub(q, q).Equal(g.Point().Null()))
}

func TestScalarSetBytesReduces(t *testing.T) {
	g := kybergroup.New()
	order := q()
	for _, n := range []int{0, 1, 31, 32, 33, 63, 64, 65, 100, 200} {
		b := make([]byte, n)
		random.Bytes(b, random.New())
		want := new(big.Int).Mod(new(big.Int).SetBytes(b), order)
		got := kybergroup.ToScalar(g.Scalar().SetBytes(b)).BigInt()
		require.Zero(t, want.Cmp(got), "%d bytes", n)
	}
	require.True(t, g.Scalar().SetBytes(order.Bytes()).Equal(g.Scalar().Zero()))
}

func q() *big.Int {
	minusOne := new(babyjub.Scalar).SetInt64(-1).BigInt()
	return minusOne.Add(minusOne, big.NewInt(1))
}

func TestRejectsScalarsThatAreNotCanonical(t *testing.T) {
	g := kybergroup.New()
	for name, b := range map[string][]byte{
		"q":     q().FillBytes(make([]byte, 32)),
		"q + 1": new(big.Int).Add(q(), big.NewInt(1)).FillBytes(make([]byte, 32)),
		"ones":  bytes.Repeat([]byte{0xff}, 32),
		"empty": {},
		"short": make([]byte, 31),
		"long":  make([]byte, 33),
	} {
		s := g.Scalar().One()
		require.ErrorIs(t, s.UnmarshalBinary(b), babyjub.ErrEncoding, name)
		require.True(t, s.Equal(g.Scalar().One()), name)
	}
	_, err := g.Scalar().UnmarshalFrom(bytes.NewReader(q().FillBytes(make([]byte, 32))))
	require.ErrorIs(t, err, babyjub.ErrEncoding)
	_, err = g.Scalar().UnmarshalFrom(bytes.NewReader(make([]byte, 31)))
	require.Error(t, err)
}

// Points outside the subgroup do not enter the group through its decoder (row 4
// of the attacks). The identity does: it is an element.
func TestAttack04DecoderRejectsTorsion(t *testing.T) {
	g := kybergroup.New()
	base := g.Point().Base()
	key := babyjub.HashToPoint("key")
	for k, torsion := range babyjubtest.Torsion() {
		for name, p := range map[string]*babyjub.Point{
			"torsion":          &torsion,
			"key plus torsion": new(babyjub.Point).Add(&key, &torsion),
		} {
			b := p.Bytes()
			decoded := base.Clone()
			err := decoded.UnmarshalBinary(b[:])
			_, errFrom := base.Clone().UnmarshalFrom(bytes.NewReader(b[:]))
			if k == 0 {
				require.NoError(t, err)
				require.NoError(t, errFrom)
				require.True(t, kybergroup.ToPoint(decoded).Equal(p))
				continue
			}
			require.ErrorIs(t, err, babyjub.ErrSubgroup, "%s %d", name, k)
			require.ErrorIs(t, errFrom, babyjub.ErrSubgroup, "%s %d", name, k)
			require.True(t, decoded.Equal(base), "an error leaves the point as it was")
		}
	}
	b := babyjub.NewGenerator().Bytes()
	b[63] ^= 1
	require.ErrorIs(t, g.Point().UnmarshalBinary(b[:]), babyjub.ErrEncoding)
	require.ErrorIs(t, g.Point().UnmarshalBinary(b[:63]), babyjub.ErrEncoding)
}

func TestPickedPointsAreOfOrderQ(t *testing.T) {
	g := kybergroup.New()
	stream := random.New()
	for range 20 {
		p := kybergroup.ToPoint(g.Point().Pick(stream))
		require.True(t, p.InSubgroup() && !p.IsIdentity())
	}
	a := g.Point().Pick(blake2xb.New([]byte("seed")))
	b := g.Point().Pick(blake2xb.New([]byte("seed")))
	require.True(t, a.Equal(b), "the same stream, the same point")

	// A decoder that reads a stream picks.
	n, err := b.UnmarshalFrom(blake2xb.New([]byte("seed")))
	require.NoError(t, err)
	require.Equal(t, -1, n)
	require.True(t, a.Equal(b))
	s := g.Scalar()
	_, err = s.UnmarshalFrom(blake2xb.New([]byte("seed")))
	require.NoError(t, err)
	require.True(t, s.Equal(g.Scalar().Pick(blake2xb.New([]byte("seed")))))
}

func TestEmbeddedDataComesBack(t *testing.T) {
	g := kybergroup.New()
	stream := random.New()
	size := g.Point().EmbedLen()
	for _, n := range []int{0, 1, size - 1, size, size + 1, 100} {
		data := bytes.Repeat([]byte{0xa5}, n)
		p := g.Point().Embed(data, stream)
		got, err := p.Data()
		require.NoError(t, err)
		require.Equal(t, data[:min(n, size)], got)
		require.True(t, kybergroup.ToPoint(p).InSubgroup())
	}
	// y ends in 5b: a length of 91.
	_, err := g.Point().Base().Data()
	require.EqualError(t, err, "kybergroup: point carries no data")
}

func TestScalarsPrintRedacted(t *testing.T) {
	s := kybergroup.New().Scalar().SetInt64(42)
	require.Equal(t, "Scalar(redacted)", s.String())
	require.Equal(t, "Scalar(redacted)", fmt.Sprintf("%v", s))
	require.Equal(t, "Scalar(redacted)", fmt.Sprintf("%+v", s))
	require.Equal(t, "Scalar(redacted)", fmt.Sprintf("%#v", s))
	require.Equal(t, "Scalar(redacted)", fmt.Sprintf("%x", s))
}
