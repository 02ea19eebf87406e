package legible

import (
	"strings"
	"testing"

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
	} {
		require.ErrorContains(t, Check(s, 20), says, "%q", s)
	}
}

func TestAppearance(t *testing.T) {
	require.Equal(t, Appearance("ab"), Appearance("a\u200db\ufe0f"))
	require.NotEqual(t, Appearance("ab"), Appearance("a b"))
}
