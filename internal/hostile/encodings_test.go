package hostile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAttack27: an encoding that is shorter, or up to 100 bytes longer, is of nothing.
func TestAttack27EveryDecoderHasOneLength(t *testing.T) {
	for _, d := range decoders(t) {
		for n := range len(d.good) {
			if d.form == decimal && n > 0 {
				break // fewer digits are another number
			}
			require.Error(t, d.decode(d.good[:n]), "%s of %d bytes", d.name, n)
		}
		fills := []string{"\x00", "\xff", "x", "}"}
		if d.form != loose {
			fills = append(fills, " ", "\n", "\t")
		}
		if d.form != decimal {
			fills = append(fills, "0", string(d.good[len(d.good)-1:]))
		}
		for _, fill := range fills {
			for n := 1; n <= 100; n++ {
				longer := append(bytes.Clone(d.good), strings.Repeat(fill, n)...)
				require.Error(t, d.decode(longer), "%s and %d times %q", d.name, n, fill)
			}
		}
		for _, before := range []string{"\x00", " ", "\n", "0", "+", "\ufeff"} {
			if d.form == loose && strings.TrimSpace(before) == "" && before != "\x00" {
				continue
			}
			require.Error(t, d.decode(append([]byte(before), d.good...)), "%q and %s", before, d.name)
		}
		require.NoError(t, d.decode(d.good), d.name)
	}
}

// Every number has one spelling: with its modulus added, as often as it fits, it is refused.
func TestAttack27EveryNumberIsBelowItsModulus(t *testing.T) {
	refused := 0
	for _, d := range decoders(t) {
		for _, n := range d.parts {
			v := new(big.Int).SetBytes(d.good[n.at:][:32])
			require.Negative(t, v.Cmp(n.modulus), "%s at %d", d.name, n.at)
			for v.Add(v, n.modulus); v.BitLen() <= 256; v.Add(v, n.modulus) {
				b := bytes.Clone(d.good)
				v.FillBytes(b[n.at:][:32])
				require.Error(t, d.decode(b), "%s at %d", d.name, n.at)
				refused++
			}
			for _, v := range []*big.Int{n.modulus, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))} {
				b := bytes.Clone(d.good)
				v.FillBytes(b[n.at:][:32])
				require.Error(t, d.decode(b), "%s at %d", d.name, n.at)
			}
		}
	}
	require.Greater(t, refused, 200)
}

// value is a JSON value with the order and the spelling of what is in it.
type value struct {
	scalar  string // of what is no object and no array
	open    string // "{" or "["
	names   []string
	members []*value
}

func parse(d *json.Decoder) *value {
	switch token := must(d.Token()).(type) {
	case json.Delim:
		v := &value{open: token.String()}
		for d.More() {
			name := ""
			if v.open == "{" {
				name = must(d.Token()).(string)
			}
			v.names = append(v.names, name)
			v.members = append(v.members, parse(d))
		}
		must(d.Token())
		return v
	case json.Number:
		return &value{scalar: token.String()}
	case string:
		return &value{scalar: quote(token)}
	default:
		return &value{scalar: string(must(json.Marshal(token)))}
	}
}

func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	must(0, e.Encode(s))
	return strings.TrimSpace(b.String())
}

func (v *value) String() string {
	if v.open == "" {
		return v.scalar
	}
	var parts []string
	for i, member := range v.members {
		if v.open == "[" {
			parts = append(parts, member.String())
		} else {
			parts = append(parts, quote(v.names[i])+":"+member.String())
		}
	}
	return v.open + strings.Join(parts, ",") + map[string]string{"{": "}", "[": "]"}[v.open]
}

// walk calls f with v and all that is in it.
func (v *value) walk(f func(v *value)) {
	f(v)
	for _, member := range v.members {
		member.walk(f)
	}
}

// Every member of every object of every document, doubled, left out, and joined by one that nobody knows; every
// number and text in another spelling.
func TestAttack27DocumentsHaveOneSpelling(t *testing.T) {
	changed := 0
	for _, d := range decoders(t) {
		if d.form != document && d.form != loose {
			continue
		}
		decoder := json.NewDecoder(bytes.NewReader(d.good))
		decoder.UseNumber()
		root := parse(decoder)
		if d.form == document {
			require.Equal(t, string(d.good), root.String(), d.name)
		}
		require.NoError(t, d.decode([]byte(root.String())), d.name)
		seen := map[string]int{} // objects and texts of one shape: a few of each
		root.walk(func(v *value) {
			refused := func(what string) {
				t.Helper()
				changed++
				require.Error(t, d.decode([]byte(root.String())), "%s: %s: %.200s", d.name, what, v)
			}
			switch shape := fmt.Sprint(v.open, v.names); {
			case v.open == "{":
				if seen[shape]++; seen[shape] > 3 {
					return
				}
				names, members := v.names, v.members
				for i := range names {
					v.names = append(append(append([]string{}, names[:i]...), names[i]), names[i:]...)
					v.members = append(append(append([]*value{}, members[:i]...), members[i]), members[i:]...)
					refused("doubled " + names[i])
					if d.form == document && !optional[names[i]] {
						v.names = append(append([]string{}, names[:i]...), names[i+1:]...)
						v.members = append(append([]*value{}, members[:i]...), members[i+1:]...)
						refused("without " + names[i])
					}
					v.names = append([]string{}, names...)
					v.names[i] = strings.ToUpper(names[i])
					v.members = members
					if v.names[i] != names[i] && !optional[names[i]] {
						refused("capital " + names[i])
					}
				}
				v.names, v.members = append(append([]string{}, names...), "~"), append(append([]*value{}, members...), &value{scalar: "0"})
				refused("unknown")
				v.names, v.members = names, members
			case v.open == "[":
				members := v.members
				v.members = append(append([]*value{}, members...), &value{scalar: "null"})
				refused("null at the end")
				v.members = members
			default:
				good := v.scalar
				if seen[good]++; seen[good] > 1 || len(seen) > 400 {
					return
				}
				var spellings []string
				switch {
				case good == "null" || good == "true" || good == "false":
					spellings = []string{strings.ToUpper(good), `"` + good + `"`}
				case good[0] != '"':
					spellings = []string{good + ".0", good + "e0", "0" + good, "+" + good, `"` + good + `"`, "-" + good, "null"}
					if d.form == document {
						spellings = append(spellings, good+" ")
					}
				case len(good) > 2:
					spellings = []string{good[:len(good)-1], "null", "0"}
					if d.form == document {
						spellings = append(spellings, fmt.Sprintf(`"\u%04x%s`, []rune(good)[1], string([]rune(good)[2:])))
					}
				}
				for _, s := range spellings {
					v.scalar = s
					refused("spelled " + s)
				}
				v.scalar = good
			}
		})
	}
	require.Greater(t, changed, 1000)
}

// optional are the members that a document may leave out, or whose names are the writer's own: languages.
var optional = map[string]bool{"en": true, "fr": true, "text": true}
