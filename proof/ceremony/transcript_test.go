package ceremony

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/proof"
)

func sample() *Transcript {
	return &Transcript{
		Relation:      small,
		Circuit:       [sha256.Size]byte{1},
		Powers:        [sha256.Size]byte{2},
		Origin:        Origin{Source: "powersOfTau28_hez_final_14.ptau"},
		Start:         [sha256.Size]byte{3},
		Contributions: []Contribution{{"Ada Lovelace", [sha256.Size]byte{4}}, {"Émilie du Châtelet", [sha256.Size]byte{5}}},
		Beacon:        Beacon{"drand quicknet, round 23456789", bytes.Repeat([]byte{0xab}, 32)},
		VerifyingKey:  [sha256.Size]byte{6},
		ProvingKey:    [sha256.Size]byte{7},
	}
}

func TestTranscriptHasOneEncoding(t *testing.T) {
	own := sample()
	own.Origin = Origin{Contributions: own.Contributions, Beacon: Beacon{"drand quicknet, round 23450000", bytes.Repeat([]byte{0xaa}, 32)}}
	for _, x := range []*Transcript{sample(), own} {
		b := must(x.Bytes())
		again, err := ParseTranscript(b)
		require.NoError(t, err)
		require.Equal(t, x, again)
		for name, edit := range map[string]func(s string) string{
			"space":         func(s string) string { return s + " " },
			"format":        func(s string) string { return strings.Replace(s, "setup/v1", "setup/v2", 1) },
			"powers format": func(s string) string { return strings.Replace(s, "powers/v1", "powers/v2", 1) },
			"depth":         func(s string) string { return strings.Replace(s, `"depth":1`, `"depth":33`, 1) },
			"depth 0":       func(s string) string { return strings.Replace(s, `"depth":1`, `"depth":0`, 1) },
			"unknown":       func(s string) string { return strings.Replace(s, `"depth"`, `"deptx"`, 1) },
			"beacon":        func(s string) string { return strings.ReplaceAll(s, strings.Repeat("ab", 32), "abab") },
			"same name":     func(s string) string { return strings.ReplaceAll(s, "Émilie du Châtelet", "Ada Lovelace") },
			"no name":       func(s string) string { return strings.ReplaceAll(s, "Ada Lovelace", "") },
			"bidi":          func(s string) string { return strings.ReplaceAll(s, "Ada Lovelace", "Ada\u202eLovelace") },
		} {
			s := edit(string(b))
			require.NotEqual(t, s, string(b), name)
			_, err := ParseTranscript([]byte(s))
			require.Error(t, err, name)
		}
	}
	for name, edit := range map[string]func(x *Transcript){
		"no source and no beacon": func(x *Transcript) { x.Origin = Origin{} },
		"two sources":             func(x *Transcript) { x.Origin.Contributions = x.Contributions },
		"one contributor":         func(x *Transcript) { x.Origin = Origin{Contributions: x.Contributions[:1], Beacon: x.Beacon} },
	} {
		x := sample()
		edit(x)
		_, err := ParseTranscript(must(x.Bytes()))
		require.Error(t, err, name)
	}
	_, err := ParseTranscript(make([]byte, maxDocument+1))
	require.ErrorIs(t, err, ErrMalformed)
}

// The example of docs/spec/setup.md.
func TestProvenance(t *testing.T) {
	p := must(sample().Provenance())
	require.Equal(t, "set-up ceremony sha256:e4b9a47998236e5c2b07979c8f049b50698e3bbfee6d094dbb5d4485ccc0142b", p)
	require.True(t, IsProvenance(p))
	for _, s := range []string{"", proof.OneParty, p + " ", p[:len(p)-1], strings.ToUpper(p), provenancePrefix + strings.Repeat("AB", 32), provenancePrefix + strings.Repeat("xy", 32)} {
		require.False(t, IsProvenance(s), "%q", s)
	}
}

func FuzzContribution(f *testing.F) {
	h := header{phase: 2, relation: small, number: 1, name: "Ada"}
	good := must(h.join([]byte{1, 2, 3}))
	f.Add(good)
	f.Add(good[:len(good)-5])
	f.Fuzz(func(t *testing.T, b []byte) {
		name, body, err := parseContribution(b, h)
		if err != nil {
			return
		}
		again := h
		again.name = name
		file, err := again.join(body)
		require.NoError(t, err)
		require.Equal(t, b, file)
	})
}

func FuzzTranscript(f *testing.F) {
	f.Add(must(sample().Bytes()))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := ParseTranscript(b)
		if err != nil {
			return
		}
		require.Equal(t, b, must(x.Bytes()))
	})
}
