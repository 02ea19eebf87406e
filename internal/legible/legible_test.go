package legible

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

func TestCheck(t *testing.T) {
	for _, s := range []string{"a", "Élodie Noël", "No. 1: yes, or no?", "नमस्ते", "می\u200cخواهم", "👩\u200d🚀", strings.Repeat("é", 10)} {
		require.NoError(t, Check(s, 20+len(s)%2), "%q", s)
	}
	for s, says := range map[string]string{
		"":                      "empty",
		strings.Repeat("a", 21): "21 bytes, at most 20",
		"a\xff":                 "UTF-8",
		"a\ufffd":               "U+FFFD",
		"a\nb":                  "U+000A",
		"a\u00a0b":              "U+00A0",
		"a\u202eb":              "U+202E",
		"a\u200b":               "U+200B",
		"a\u2800":               "U+2800",
		"e\u0301":               "normal form C",
		"\u0301":                "a mark on the character before",
		"\u200d":                "shows nothing",
		" a":                    "begins or ends with a space",
		"a ":                    "begins or ends with a space",
		"a  b":                  "two spaces",
		"a \u200d b":            "two spaces",
		"\U000105d2\u0307":      "U+105D2", // composed to U+105C9 since Unicode 16
		"\U0001fae9":            "U+1FAE9", // of Unicode 16
		"a\uffff":               "U+FFFF",
		"a\ue000":               "U+E000",
	} {
		require.ErrorContains(t, Check(s, 20), says, "%q", s)
	}
}

func TestAppearance(t *testing.T) {
	require.Equal(t, Appearance("ab"), Appearance("a\u200db\ufe0f"))
	require.NotEqual(t, Appearance("ab"), Appearance("a b"))
}

// More than 30 marks in a row are not in the Stream-Safe Text Format.
func TestAtMostThirtyMarksInARow(t *testing.T) {
	require.NoError(t, Check("x"+strings.Repeat("\u0316", 30), 200))
	require.ErrorContains(t, Check("x"+strings.Repeat("\u0316", 31), 200), "more than 30 marks")
}

func TestPrintable(t *testing.T) {
	require.Equal(t, "a\ufffdb\ufffdc\ufffd", Printable("a\nb\u202ec\U0001fae9"))
	require.Equal(t, "Élodie 👩", Printable("Élodie 👩"))
}

// Every toolchain has the same characters, and the same verdict on each.
func TestCharactersAreThoseOfUnicode15(t *testing.T) {
	h := sha256.New()
	n := 0
	for r := range rune(unicode.MaxRune + 1) {
		known := unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf)
		is := unicode.Is(assigned, r)
		if is && !known || unicode.Version == "15.0.0" && known != is {
			t.Fatalf("%U is in the table: %t, and in that of the toolchain: %t", r, is, known)
		}
		if is {
			n++
		}
		verdict := byte(0)
		if Check("a"+string(r)+"a", 20) == nil {
			verdict |= 1
		}
		if Check(string(r), 20) == nil {
			verdict |= 2
		}
		if IsPrint(r) {
			verdict |= 4
		}
		h.Write([]byte{verdict})
	}
	require.Equal(t, 149_186+65, n, "the characters of Unicode 15.0.0, and the control codes")
	require.Equal(t, "3f8d7f8ea37ed66823ab30eff14b8e64e5435f3b27276dd681c27ec08f82b01a", hex.EncodeToString(h.Sum(nil)),
		"the verdict on some character has changed")
}
