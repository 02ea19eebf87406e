package babyjub_test

import (
	"crypto/sha256"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
)

// RFC 9380 once more, on integers.

var elligatorJ = big.NewInt(168698)

// expandMessage is expand_message_xmd with SHA-256, section 5.3.1.
func expandMessage(msg, dst string, n int) []byte {
	dst += string(rune(len(dst)))
	h := func(parts ...string) string {
		d := sha256.Sum256([]byte(strings.Join(parts, "")))
		return string(d[:])
	}
	b0 := h(strings.Repeat("\x00", 64), msg, string([]byte{byte(n >> 8), byte(n)}), "\x00", dst)
	b := h(b0, "\x01", dst)
	out := b
	for i := byte(2); len(out) < n; i++ {
		x := make([]byte, len(b))
		for k := range x {
			x[k] = b0[k] ^ b[k]
		}
		b = h(string(x), string([]byte{i}), dst)
		out += b
	}
	return []byte(out[:n])
}

func isSquare(n *big.Int) bool { return big.Jacobi(n, fieldOrder) != -1 }

// elligator is map_to_curve_elligator2, section 6.7.1, with K = 1.
func elligator(u *big.Int) (s, t *big.Int) {
	mod := func(n *big.Int) *big.Int { return n.Mod(n, fieldOrder) }
	g := func(s *big.Int) *big.Int {
		sum := new(big.Int).Add(mulMod(s, s, s), mulMod(elligatorJ, s, s))
		return mod(sum.Add(sum, s))
	}
	den := mod(new(big.Int).Add(big.NewInt(1), mulMod(big.NewInt(5), u, u)))
	inv0 := new(big.Int).Exp(den, new(big.Int).Sub(fieldOrder, big.NewInt(2)), fieldOrder)
	x1 := mod(new(big.Int).Neg(mulMod(elligatorJ, inv0)))
	if x1.Sign() == 0 {
		x1 = mod(new(big.Int).Neg(elligatorJ))
	}
	s, sign := x1, uint(1)
	if !isSquare(g(x1)) {
		s, sign = mod(new(big.Int).Neg(new(big.Int).Add(x1, elligatorJ))), 0
	}
	t = new(big.Int).ModSqrt(g(s), fieldOrder)
	if t.Bit(0) != sign {
		t = mod(new(big.Int).Neg(t))
	}
	return s, t
}

// edwards is the rational map of appendix D.1.
func edwards(s, t *big.Int) oracle {
	one := big.NewInt(1)
	plus := new(big.Int).Mod(new(big.Int).Add(s, one), fieldOrder)
	if t.Sign() == 0 || plus.Sign() == 0 {
		return oracle{big.NewInt(0), one}
	}
	minus := new(big.Int).Mod(new(big.Int).Sub(s, one), fieldOrder)
	return oracle{
		mulMod(s, new(big.Int).ModInverse(t, fieldOrder)),
		mulMod(minus, new(big.Int).ModInverse(plus, fieldOrder)),
	}
}

func TestElligatorConstants(t *testing.T) {
	require.Equal(t, new(big.Int).Add(elligatorJ, big.NewInt(2)), curveA, "J + 2 = a")
	require.Equal(t, new(big.Int).Sub(elligatorJ, big.NewInt(2)), curveD, "J - 2 = d")
	for z := int64(1); z <= 5; z++ { // find_z_ell2, appendix H.3
		negative := new(big.Int).Sub(fieldOrder, big.NewInt(z))
		require.Equal(t, z < 5, isSquare(big.NewInt(z)), "Z = %d", z)
		require.Equal(t, z < 5, isSquare(negative), "Z = -%d", z)
	}
	require.Equal(t, "scrutin/v1/hash-to-curve-with-babyjubjub_XMD:SHA-256_ELL2_RO_", babyjub.HashDST)
}

func TestMapToCurveIsElligator2(t *testing.T) {
	inputs := []*big.Int{big.NewInt(0), big.NewInt(1), big.NewInt(2), new(big.Int).Sub(fieldOrder, big.NewInt(1))}
	for range 100 {
		u := new(big.Int).SetBytes(randomBytes(48))
		inputs = append(inputs, u.Mod(u, fieldOrder))
	}
	branches := [2]int{}
	for _, u := range inputs {
		s, y := elligator(u)
		branches[y.Bit(0)]++
		want := edwards(s, y)
		require.True(t, want.onCurve())
		var e babyjub.Field
		e.SetBigInt(u)
		got := babyjub.MapToCurve(&e)
		require.Equal(t, want.bytes(), got.Bytes(), "u = %v", u)
	}
	require.NotZero(t, branches[0], "the second candidate was taken")
	require.NotZero(t, branches[1], "the first candidate was taken")
}

func TestHashToPointIsHashToCurve(t *testing.T) {
	labels := []string{"", "abc", "G", strings.Repeat("long ", 1000)}
	for range 10 {
		labels = append(labels, string(randomBytes(20)))
	}
	seen := map[[64]byte]bool{}
	for _, label := range labels {
		u := expandMessage(label, babyjub.HashDST, 96)
		var p [2]oracle
		for i := range p {
			n := new(big.Int).SetBytes(u[48*i : 48*(i+1)])
			p[i] = edwards(elligator(n.Mod(n, fieldOrder)))
		}
		want := p[0].add(p[1]).mul(big.NewInt(8))
		got := babyjub.HashToPoint(label)
		require.Equal(t, want.bytes(), got.Bytes(), "%q", label)
		require.True(t, got.InSubgroup())
		require.False(t, got.IsIdentity())
		require.False(t, seen[got.Bytes()])
		seen[got.Bytes()] = true
	}
}

// The vectors of RFC 9380, appendix K.1, for expand_message_xmd with SHA-256:
// what the test above relies on.
func TestExpandMessageIsThatOfRFC9380(t *testing.T) {
	const dst = "QUUX-V01-CS02-with-expander-SHA256-128"
	require.Equal(t, "68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235", hexOf(expandMessage("", dst, 32)))
	require.Equal(t, "d8ccab23b5985ccea865c6c97b6e5b8350e794e603b4b97902f53a8a0d605615", hexOf(expandMessage("abc", dst, 32)))
}
