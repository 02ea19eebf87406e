package census

import (
	"math"
	"strings"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"
)

// Weights that a field element could be, and no voter has: r - 1, which is -1 in the circuit, r + 1, which is 1 there,
// what overflows 64 bits to 1, 2^40, and 0.
func TestAttack37WeightsThatNobodyHas(t *testing.T) {
	r := fr.Modulus().String()
	good := members(2, 5)
	text := func(m Member) string {
		b, err := m.Commitment.MarshalText()
		require.NoError(t, err)
		return string(b)
	}
	build := func(weight string) (csv, lines error) {
		_, csv = BuildCSV(t.Context(), 4, strings.NewReader("commitment,weight\n"+text(good[0])+",5\n"+text(good[1])+","+weight+"\n"))
		_, lines = BuildJSONLines(t.Context(), 4, strings.NewReader(
			`{"commitment":"`+text(good[0])+`","weight":5}`+"\n"+`{"commitment":"`+text(good[1])+`","weight":`+weight+"}\n"))
		return csv, lines
	}
	csv, lines := build("1099511627775")
	require.NoError(t, csv)
	require.NoError(t, lines)
	for _, weight := range []string{
		"0", "-1", r, r[:len(r)-1] + "6", r[:len(r)-1] + "8", "1099511627776", "18446744073709551615", "18446744073709551617", "1e3", "5.0", "05", "+5",
	} {
		csv, lines := build(weight)
		require.Error(t, csv, "CSV: %s", weight)
		require.Error(t, lines, "JSON: %s", weight)
	}
	for _, weight := range []uint64{0, 1 << 40, 1 << 63, math.MaxUint64} {
		bad := members(2, 5)
		bad[1].Weight = weight
		_, err := BuildWeighted(t.Context(), 4, sequence(bad))
		require.ErrorIs(t, err, ErrInvalid, "%d", weight)
	}
}
