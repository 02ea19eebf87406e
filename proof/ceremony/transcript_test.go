package ceremony

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
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
	crowd := make([]Contribution, MaxContributors+1)
	for i := range crowd {
		crowd[i].Name = fmt.Sprint("number ", i+1)
	}
	for want, edit := range map[string]func(x *Transcript){
		"a beacon of 0 bytes":   func(x *Transcript) { x.Origin = Origin{Contributions: x.Contributions} },
		"both from a source":    func(x *Transcript) { x.Origin.Contributions = x.Contributions },
		"powers: ceremony: ord": func(x *Transcript) { x.Origin = Origin{Contributions: x.Contributions[:1], Beacon: x.Beacon} },
		"2 to 999 are wanted":   func(x *Transcript) { x.Contributions = crowd },
	} {
		x := sample()
		edit(x)
		_, err := ParseTranscript(must(x.Bytes()))
		require.ErrorContains(t, err, want)
	}
	x := sample()
	x.Contributions = crowd[:MaxContributors]
	_, err := ParseTranscript(must(x.Bytes()))
	require.NoError(t, err)

	// Powers of a source and with a beacon, and of neither.
	const powers = `"powers":{`
	beacon := `"beacon":{"source":"drand","value":"` + strings.Repeat("aa", 32) + `"},`
	text := string(must(sample().Bytes()))
	_, err = ParseTranscript([]byte(strings.Replace(text, powers, powers+beacon, 1)))
	require.ErrorContains(t, err, "both from a source and of one's own")
	source := `,"source":"powersOfTau28_hez_final_14.ptau"`
	require.Contains(t, text, source)
	_, err = ParseTranscript([]byte(strings.Replace(text, source, "", 1)))
	require.ErrorContains(t, err, "without a source or a beacon")

	_, err = ParseTranscript(make([]byte, maxDocument+1))
	require.ErrorIs(t, err, ErrMalformed)
	require.ErrorContains(t, err, "at most 1048576 are possible")
}

// Whatever the transcript says of the first phase is compared with the files.
func TestNoticesAnotherOrigin(t *testing.T) {
	own := func() *Transcript {
		x := sample()
		x.Origin = Origin{Contributions: slices.Clone(x.Contributions), Beacon: Beacon{"drand quicknet, round 23450000", bytes.Repeat([]byte{0xaa}, 32)}}
		return x
	}
	for name, edit := range map[string]func(o *Origin){
		"source":         func(o *Origin) { o.Source = "other.ptau" },
		"contributor":    func(o *Origin) { o.Contributions[1].Name = "Mallory" },
		"contribution":   func(o *Origin) { o.Contributions[0].Digest[31]++ },
		"one less":       func(o *Origin) { o.Contributions = o.Contributions[:1] },
		"beacon":         func(o *Origin) { o.Beacon.Value[0]++ },
		"beacon's round": func(o *Origin) { o.Beacon.Source = "drand quicknet, round 23450001" },
	} {
		x := own()
		edit(&x.Origin)
		require.ErrorContains(t, x.differs(own()), "another start or other powers", name)
	}
	require.ErrorContains(t, own().differs(own()), "ends in the keys", "no difference in the origin")
}

// The example of docs/spec/setup.md.
func TestProvenance(t *testing.T) {
	p := must(sample().Provenance())
	require.Equal(t, "set-up ceremony sha256:e4b9a47998236e5c2b07979c8f049b50698e3bbfee6d094dbb5d4485ccc0142b", p)
	require.True(t, IsProvenance(p))
	for _, s := range []string{"", proof.OneParty, p + " ", p + "0", p + "00", p[:len(p)-1], p[:len(p)-2], strings.TrimPrefix(p, provenancePrefix), strings.ToUpper(p), provenancePrefix + strings.Repeat("AB", 32), provenancePrefix + strings.Repeat("xy", 32)} {
		require.False(t, IsProvenance(s), "%q", s)
	}
}

func FuzzContribution(f *testing.F) {
	h := header{phase: 2, relation: small, number: 1, name: "Ada"}
	good := append(must(h.encode()), 1, 2, 3)
	f.Add(good)
	f.Add(good[:len(good)-5])
	f.Fuzz(func(t *testing.T, b []byte) {
		name, body, err := parseContribution(b, h)
		if err != nil {
			return
		}
		again := h
		again.name = name
		head, err := again.encode()
		require.NoError(t, err)
		require.Equal(t, b, append(head, body...))
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
