package proof

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"
)

// semaphoreTexts returns the vectors' proofs as Semaphore wrote them, without white space.
func semaphoreTexts(t testing.TB) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../testdata/semaphore-v4", "proofs.json"))
	require.NoError(t, err)
	var list []json.RawMessage
	require.NoError(t, json.Unmarshal(b, &list))
	var texts []string
	for _, raw := range list {
		texts = append(texts, strings.NewReplacer("\n", "", " ", "").Replace(string(raw)))
	}
	return texts
}

func TestProofsRoundTripAsSemaphoresJSON(t *testing.T) {
	for i, text := range semaphoreTexts(t) {
		var p SemaphoreProof
		require.NoError(t, json.Unmarshal([]byte(text), &p))
		want := semaphoreProofs(t)[i]
		require.Equal(t, SemaphoreProof{want.depth, want.Claim}, p)
		require.NoError(t, p.Verify())

		b, err := json.Marshal(p)
		require.NoError(t, err)
		require.Equal(t, text, string(b))

		p.Depth = p.Depth%MaxSemaphoreDepth + 1
		require.ErrorIs(t, p.Verify(), ErrInvalid, "under the key of another depth")
		p.Depth = 0
		require.ErrorIs(t, p.Verify(), ErrMalformed)
	}
}

func TestReadsMembersInAnyOrder(t *testing.T) {
	text := semaphoreTexts(t)[0]
	depth, rest, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}"), ",")
	var p, want SemaphoreProof
	require.NoError(t, json.Unmarshal([]byte(text), &want))
	require.NoError(t, json.Unmarshal([]byte("\n{"+rest+" , "+depth+"}"), &p))
	require.Equal(t, want, p)
}

func TestRejectsMalformedSemaphoreJSON(t *testing.T) {
	text := semaphoreTexts(t)[0]
	v := semaphoreProofs(t)[0]
	root, nullifier := inDecimal(v.Membership.Root), inDecimal(v.Membership.Nullifier)
	message, scope, a := inDecimal(v.Message), inDecimal(v.Scope), inDecimal([32]byte(v.Membership.Proof[:32]))
	refuse := func(name, altered, want string) {
		t.Helper()
		require.NotEqual(t, text, altered, name)
		before := SemaphoreProof{Depth: 7}
		p := before
		err := p.UnmarshalJSON([]byte(altered))
		require.ErrorIs(t, err, ErrMalformed, name)
		require.ErrorContains(t, err, want, name)
		require.Equal(t, before, p, "unchanged: %s", name)
	}
	replace := func(name, old, new, want string) {
		t.Helper()
		refuse(name, strings.Replace(text, old, new, 1), want)
	}
	for n := range text {
		refuse(fmt.Sprintf("%d bytes", n), text[:n], "")
	}
	refuse("more text", text+"{}", "text after the end")
	refuse("much space", text+strings.Repeat(" ", maxSemaphoreText), "at most 65536 allowed")
	refuse("null", "null", `"{" is missing`)
	refuse("a list", "["+text+"]", `"{" is missing`)
	replace("an unknown member", "{", `{"weight":"1",`, `member "weight" is unknown`)
	replace("a member twice", "{", `{"message":"`+message+`",`, `member "message" is unknown or appears twice`)
	replace("a member in another case", `"scope"`, `"Scope"`, `member "Scope" is unknown`)
	for _, member := range []string{
		`"merkleTreeDepth":4,`, `"merkleTreeRoot":"` + root + `",`, `"nullifier":"` + nullifier + `",`,
		`"message":"` + message + `",`, `"scope":"` + scope + `",`, text[strings.Index(text, `,"points"`) : len(text)-1],
	} {
		replace("without "+member, member, "", "1 members are missing")
	}
	for _, place := range []string{`"merkleTreeDepth":`, `4,`, `"` + nullifier} { // a name, the depth, a number
		replace("no JSON before "+place, place, "x"+place, "invalid character 'x'")
	}
	for _, depth := range []string{"0", "33", "-4"} {
		replace("depth "+depth, `"merkleTreeDepth":4`, `"merkleTreeDepth":`+depth, "1 to 32 allowed")
	}
	for _, depth := range []string{"-0", "4.0", "4e0", "40e-1", `"4"`, "null", "99999999999999999999", "[4]"} {
		replace("depth "+depth, `"merkleTreeDepth":4`, `"merkleTreeDepth":`+depth, "merkleTreeDepth: not a whole number")
	}
	for _, number := range []string{
		root, // not a text
		`"0` + root + `"`, `"+` + root + `"`, `"-` + root + `"`, `" ` + root + `"`, `"` + root + `.0"`, `"1_0"`,
		`"0x2a"`, `""`, `"1e3"`, "null", "{}", `["1"]`, `"` + strings.Repeat("9", 78) + `"`, `"` + strings.Repeat("1", 60_000) + `"`,
	} {
		for name, old := range map[string]string{"root": root, "nullifier": nullifier, "message": message, "A.x": a} {
			replace(fmt.Sprintf("%s %.50s", name, number), `"`+old+`"`, number, "not a text with a decimal number below 2^256")
		}
	}
	replace("root 0", root, "0", "root is zero")
	replace("root r", root, fr.Modulus().String(), "root is not 32 bytes below the field's order")
	replace("nullifier r", nullifier, fr.Modulus().String(), "nullifier is not 32 bytes below the field's order")
	replace("a coordinate p", a, fp.Modulus().String(), "points: a coordinate is not below the modulus")
	replace("points as a text", `[`, `"`+a+`",[`, `points: "[" is missing`)
	replace("seven coordinates", `"`+a+`",`, "", "points: not a text with a decimal number")
	replace("nine coordinates", `"`+a+`",`, `"`+a+`","`+a+`",`, `points: "]" is missing`)

	var p SemaphoreProof
	require.NoError(t, json.Unmarshal([]byte(text), &p))
	for name, alter := range map[string]func(p *SemaphoreProof){
		"depth 0":   func(p *SemaphoreProof) { p.Depth = 0 },
		"depth 33":  func(p *SemaphoreProof) { p.Depth = 33 },
		"a weight":  func(p *SemaphoreProof) { p.Claim.Membership.Weight = 1 },
		"nullifier": func(p *SemaphoreProof) { p.Claim.Membership.Nullifier[0] = 0xff },
		"no root":   func(p *SemaphoreProof) { clear(p.Claim.Membership.Root[:]) },
	} {
		altered := p
		alter(&altered)
		_, err := json.Marshal(altered)
		require.ErrorIs(t, err, ErrMalformed, name)
	}
}

// testdata/semaphore-values.json was made with the function of @semaphore-protocol/proof 4.14.3 that turns a scope
// or message into a number, and ethers 6.13.4 beneath it: text, and 32 bytes or "error".
func TestValuesAreSemaphores(t *testing.T) {
	var list [][2]string
	b, err := os.ReadFile("testdata/semaphore-values.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &list))
	require.NotEmpty(t, list)
	for _, v := range list {
		value, err := SemaphoreValue(v[0])
		if v[1] == "error" {
			require.ErrorIs(t, err, ErrMalformed, "%q", v[0])
			continue
		}
		require.NoError(t, err, "%q", v[0])
		require.Equal(t, v[1], "0x"+hex.EncodeToString(value[:]), "%q", v[0])
	}
	for i, text := range []string{"ballot-4", "election-voter"} { // of the first vector
		value, err := SemaphoreValue(text)
		require.NoError(t, err)
		claim := semaphoreProofs(t)[0].Claim
		require.Equal(t, [][32]byte{claim.Message, claim.Scope}[i], value)
	}
	for _, text := range []string{"\xff", strings.Repeat("0", 5000), strings.Repeat("7", 79), "0x1" + strings.Repeat("0", 64)} {
		_, err := SemaphoreValue(text)
		require.ErrorIs(t, err, ErrMalformed, "%.40q", text)
	}
}

func FuzzSemaphoreProof(f *testing.F) {
	for _, text := range semaphoreTexts(f) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var p SemaphoreProof
		if err := p.UnmarshalJSON(text); err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			require.Zero(t, p)
			return
		}
		b, err := json.Marshal(p)
		require.NoError(t, err)
		var again SemaphoreProof
		require.NoError(t, json.Unmarshal(b, &again))
		require.Equal(t, p, again)
	})
}

func FuzzSemaphoreValue(f *testing.F) {
	for _, text := range []string{"", "42", "-0x2a", "hello", " 0b1", "- 1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, err := SemaphoreValue(text)
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			require.Zero(t, value)
			return
		}
		again, err := SemaphoreValue(inDecimal(value))
		require.NoError(t, err)
		require.Equal(t, value, again)
	})
}

func FuzzImportIdentity(f *testing.F) {
	f.Add("dm90ZXItMA==")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ImportIdentity(text)
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		exported, err := id.Export()
		require.NoError(t, err)
		require.Equal(t, text, exported)
	})
}
