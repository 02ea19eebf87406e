package proof

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
	"github.com/scrutin/scrutin/internal/poseidon"
	"github.com/scrutin/scrutin/internal/sigma"
)

func TestRegistrationGivesTheCommitment(t *testing.T) {
	for _, id := range []*Identity{NewIdentity(), IdentityFromKey([]byte("voter-0"))} {
		for _, context := range []string{"", "roll 2026, voter 17"} {
			b := id.Register([]byte(context))
			require.Len(t, b, RegistrationSize)
			c, err := CheckRegistration(b, []byte(context))
			require.NoError(t, err)
			require.Equal(t, id.Commitment(), c)
		}
	}
}

func TestRegistrationIsOfItsContextAlone(t *testing.T) {
	b := NewIdentity().Register([]byte("voter 17"))
	for _, context := range []string{"", "voter 1", "voter 18", "voter 177"} {
		c, err := CheckRegistration(b, []byte(context))
		require.ErrorIs(t, err, ErrInvalid)
		require.Zero(t, c)
	}
}

func TestRegistrationBadLengths(t *testing.T) {
	b := NewIdentity().Register(nil)
	long := append(bytes.Clone(b), make([]byte, 100)...)
	for n := range len(long) + 1 {
		if n != RegistrationSize {
			_, err := CheckRegistration(long[:n], nil)
			require.ErrorIs(t, err, ErrMalformed, "%d bytes", n)
		}
	}
}

func TestRejectsAnyAlteredRegistration(t *testing.T) {
	good := NewIdentity().Register(nil)
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 1
		c, err := CheckRegistration(b, nil)
		require.Error(t, err, "byte %d", i)
		require.Zero(t, c)
	}
	b := bytes.Clone(good)
	b[0] = 2
	_, err := CheckRegistration(b, nil)
	require.ErrorIs(t, err, ErrMalformed)
	b = bytes.Clone(good)
	other := NewIdentity().Register(nil)
	copy(b[1:], other[1:][:babyjub.PointSize])
	_, err = CheckRegistration(b, nil)
	require.ErrorIs(t, err, ErrInvalid)
}

// registrationOf is a registration of any point, with the proof that its maker can make.
func registrationOf(public *babyjub.Point, s *babyjub.Scalar) []byte {
	knowledge := sigma.Prove(registrationTranscript(nil), s, public)
	key, p := public.Bytes(), knowledge.Bytes()
	return append(append([]byte{registrationVersion}, key[:]...), p[:]...)
}

// TestAttack04: the proof alone would hold for a key with a component of small order.
func TestAttack04RegistrationOfAPointOutsideTheSubgroup(t *testing.T) {
	s := NewIdentity().scalar()
	public := new(babyjub.Point).ScalarBaseMul(&s)
	for i, torsion := range babyjubtest.Torsion() {
		_, err := CheckRegistration(registrationOf(new(babyjub.Point).Add(public, &torsion), &s), nil)
		if torsion.IsIdentity() {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, ErrMalformed, "torsion %d", i)
		}
		_, err = CheckRegistration(registrationOf(&torsion, new(babyjub.Scalar)), nil)
		require.ErrorIs(t, err, ErrMalformed, "torsion %d alone", i)
	}
}

// A voter asks for one place on the roll and means a tree of them: her "commitment" is a node above others.
// That this works where nobody asks for a registration is shown in proof/prover.
func TestAttack48TreeRegisteredAsACommitment(t *testing.T) {
	element := func(c census.Commitment) (e fr.Element) {
		require.NoError(t, e.SetBytesCanonical(c[:]))
		return e
	}
	// Two commitments in the place of x and y are off the curve.
	a, b := NewIdentity().Commitment(), NewIdentity().Commitment()
	registration := NewIdentity().Register(nil)
	copy(registration[1:], a[:])
	copy(registration[33:], b[:])
	_, err := CheckRegistration(registration, nil)
	require.ErrorIs(t, err, ErrMalformed)

	// Any hash is the x of a point of the subgroup in one of eight cases or so, and y would be the
	// sibling. But the point's logarithm is nobody's.
	for n := uint64(0); ; n++ {
		x := poseidon.Hash(element(a), fr.NewElement(n))
		point, ok := withX(x)
		if !ok {
			continue
		}
		s := NewIdentity().scalar()
		_, err := CheckRegistration(registrationOf(point, &s), nil)
		require.ErrorIs(t, err, ErrInvalid)
		return
	}
}

// withX returns a point of the subgroup with that x, if there is one: y^2 = (1 - a x^2) / (1 - d x^2).
func withX(x fr.Element) (*babyjub.Point, bool) {
	one, a, d := fr.One(), fr.NewElement(168700), fr.NewElement(168696)
	var x2, y fr.Element
	x2.Square(&x)
	a.Sub(&one, a.Mul(&a, &x2))
	d.Sub(&one, d.Mul(&d, &x2))
	if y.Sqrt(a.Div(&a, &d)) == nil {
		return nil, false
	}
	b := append(x.BigInt(new(big.Int)).FillBytes(make([]byte, 32)), y.BigInt(new(big.Int)).FillBytes(make([]byte, 32))...)
	for range 2 { // y and -y
		p := new(babyjub.Point)
		if p.SetSubgroupBytes(b) == nil {
			return p, true
		}
		copy(b[32:], y.Neg(&y).BigInt(new(big.Int)).FillBytes(make([]byte, 32)))
	}
	return nil, false
}

func FuzzRegistration(f *testing.F) {
	f.Add(IdentityFromKey([]byte("voter-0")).Register([]byte("roll")), []byte("roll"))
	f.Fuzz(func(t *testing.T, b, context []byte) {
		if c, err := CheckRegistration(b, context); err != nil {
			require.Zero(t, c)
		} else {
			_, err := census.ParseCommitment(c[:])
			require.NoError(t, err)
		}
	})
}
