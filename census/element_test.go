package census

import (
	"encoding"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"
)

func TestParseCommitmentRejects(t *testing.T) {
	good := commitment(12)
	for n := range 132 {
		b := slices.Repeat([]byte{0}, n)
		copy(b, good[:])
		_, err := ParseCommitment(b)
		if n == 32 {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, ErrMalformed, "%d bytes", n)
		}
	}
	for _, c := range []Commitment{{}, modulus(0), modulus(1), modulus(12), Commitment(slices.Repeat([]byte{0xff}, 32))} {
		_, err := ParseCommitment(c[:])
		require.ErrorIs(t, err, ErrMalformed, "%x", c)
	}
	c := modulus(-1)
	parsed, err := ParseCommitment(c[:])
	require.NoError(t, err)
	require.Equal(t, c, parsed)
}

func TestTextIsDecimal(t *testing.T) {
	top := new(big.Int).Sub(fr.Modulus(), big.NewInt(1)).String()
	for text, c := range map[string]Commitment{"1": commitment(1), "10": commitment(10), top: modulus(-1)} {
		require.Equal(t, text, c.String())
		require.Equal(t, text, Node(c).String())
		require.Equal(t, text, Root(c).String())
		b, err := json.Marshal([]any{c, Node(c), Root(c)})
		require.NoError(t, err)
		require.Equal(t, `["`+text+`","`+text+`","`+text+`"]`, string(b))
		var back Commitment
		require.NoError(t, back.UnmarshalText([]byte(text)))
		require.Equal(t, c, back)
		var node Node
		require.NoError(t, node.UnmarshalText([]byte(text)))
		require.Equal(t, Node(c), node)
		var root Root
		require.NoError(t, root.UnmarshalText([]byte(text)))
		require.Equal(t, Root(c), root)
	}
	for _, m := range []encoding.TextMarshaler{modulus(0), Node(modulus(0)), Root(modulus(5))} {
		_, err := m.MarshalText()
		require.ErrorIs(t, err, ErrMalformed)
	}
}

func TestAttack21And27OneTextForEachNumber(t *testing.T) {
	r := fr.Modulus().String()
	for _, text := range []string{
		"", " ", "+1", "-1", "01", "00", "1 ", " 1", "1\n", "0x1", "1_000", "1e3", "1.0", "one", "١", "\x00",
		r, new(big.Int).Add(fr.Modulus(), big.NewInt(1)).String(), "9" + r[1:],
		strings.Repeat("9", 77), strings.Repeat("9", 78), strings.Repeat("1", 1<<20),
	} {
		c, n, root := commitment(5), Node(commitment(6)), Root(commitment(7))
		for _, u := range []encoding.TextUnmarshaler{&c, &n, &root} {
			require.ErrorIs(t, u.UnmarshalText([]byte(text)), ErrMalformed, "%.80q", text)
		}
		require.Equal(t, commitment(5), c, "unchanged")
		require.Equal(t, Node(commitment(6)), n, "unchanged")
		require.Equal(t, Root(commitment(7)), root, "unchanged")
	}
	c := commitment(5)
	require.ErrorIs(t, c.UnmarshalText([]byte("0")), ErrMalformed)
	require.Equal(t, commitment(5), c)
	var n Node
	require.NoError(t, n.UnmarshalText([]byte("0")))
}

func FuzzUnmarshalText(f *testing.F) {
	f.Add([]byte("12"))
	f.Add([]byte(fr.Modulus().String()))
	f.Fuzz(func(t *testing.T, text []byte) {
		var c Commitment
		if c.UnmarshalText(text) == nil {
			out, err := c.MarshalText()
			require.NoError(t, err)
			require.Equal(t, text, out)
		}
	})
}

func TestUnmarshalTextSaysWhatIsWrong(t *testing.T) {
	require.ErrorContains(t, new(Commitment).UnmarshalText([]byte("twelve")), "not a decimal number")
}
