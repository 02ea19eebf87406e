package census

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/big"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"
)

func collect(in iter.Seq2[Member, error]) (out []Member, err error) {
	for m, e := range in {
		if err = e; err == nil {
			out = append(out, m)
		}
	}
	return out, err
}

// jsonLines writes the members as encoding/json does.
func jsonLines(ms []Member) []byte {
	var w bytes.Buffer
	for _, m := range ms {
		line, err := json.Marshal(struct {
			Commitment Commitment `json:"commitment"`
			Weight     uint64     `json:"weight,omitempty"`
		}{m.Commitment, m.Weight})
		if err != nil {
			panic(err)
		}
		w.Write(append(line, '\n'))
	}
	return w.Bytes()
}

func TestImportsAreBuild(t *testing.T) {
	for _, weighted := range []bool{false, true} {
		ms, err := collect(voters(700, weighted))
		require.NoError(t, err)
		want := tree(t, 10, ms)
		texts := csv(700, weighted)
		for name, text := range map[string][]byte{
			"lf": texts, "crlf": bytes.ReplaceAll(texts, []byte("\n"), []byte("\r\n")),
		} {
			got, err := BuildCSV(t.Context(), 10, iotest.OneByteReader(bytes.NewReader(text)))
			require.NoError(t, err, name)
			require.Equal(t, want, got, name)
		}
		got, err := BuildJSONLines(t.Context(), 10, bytes.NewReader(jsonLines(ms)))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestJSONLinesTakeSpacesAndAnyOrder(t *testing.T) {
	ms, err := collect(JSONLines(strings.NewReader(
		"{\"commitment\":\"11\",\"weight\":5}\n" +
			" {\t\"weight\" : 1099511627775 , \"commitment\" : \"22\" } \r\n")))
	require.NoError(t, err)
	require.Equal(t, []Member{{commitment(11), 5}, {commitment(22), maxWeight}}, ms)
}

// Of each text the error names the line, and what is wrong with it.
func TestAttack27CSVIsStrict(t *testing.T) {
	r := fr.Modulus().String()
	for text, says := range map[string]string{
		"\n":                           `line 1: "" in place of the header`,
		"11\n":                         `line 1: "11" in place of the header`,
		"Commitment\n11\n":             "line 1: ",
		"\ufeffcommitment\n11\n":       "line 1: ",
		"commitment,weight,name\n":     "line 1: ",
		"weight,commitment\n5,11\n":    "line 1: ",
		"commitment, weight\n11,5\n":   "line 1: ",
		"commitment":                   "line 1: the text ends within it",
		"commitment\n11":               "line 2: the text ends within it",
		"commitment\n11\n\n":           "line 3: commitment: not a decimal number",
		"commitment\n\n11\n":           "line 2: commitment: not a decimal number",
		"commitment\n0\n":              "line 2: commitment 0",
		"commitment\n11\n00\n":         "line 3: commitment: not a decimal number without leading zeros",
		"commitment\n011\n":            "line 2: commitment: not a decimal number without leading zeros",
		"commitment\n+11\n":            "line 2: commitment: not a decimal number",
		"commitment\n-11\n":            "line 2: commitment: not a decimal number",
		"commitment\n11 \n":            "line 2: commitment: not a decimal number",
		"commitment\n 11\n":            "line 2: commitment: not a decimal number",
		"commitment\n\"11\"\n":         "line 2: commitment: not a decimal number",
		"commitment\n1e5\n":            "line 2: commitment: not a decimal number",
		"commitment\n0x11\n":           "line 2: commitment: not a decimal number",
		"commitment\n11\r12\n":         "line 2: commitment: not a decimal number",
		"commitment\n11\r\r\n":         "line 2: commitment: not a decimal number",
		"commitment\n11\x00\n":         "line 2: commitment: not a decimal number",
		"commitment\n" + r + "\n":      "line 2: commitment: the number is not below the field's modulus",
		"commitment\n9" + r[1:] + "\n": "line 2: commitment: the number is not below the field's modulus",
		"commitment\n" + strings.Repeat("9", 77) + "\n":                                                         "line 2: commitment: the number is not below the field's modulus",
		"commitment\n" + strings.Repeat("9", 78) + "\n":                                                         "line 2: commitment: the number is not below the field's modulus",
		"commitment\n" + new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(11)).String() + "\n": "line 2: commitment: the number is not below the field's modulus",
		"commitment\n11,5\n":                           "line 2: another number of columns",
		"commitment\n11,\n":                            "line 2: another number of columns",
		"commitment,weight\n11\n":                      "line 2: another number of columns",
		"commitment,weight\n11,5\n22\n":                "line 3: another number of columns",
		"commitment,weight\n11,\n":                     "line 2: weight: not a number from 1",
		"commitment,weight\n11,0\n":                    "line 2: weight: not a number from 1",
		"commitment,weight\n11,05\n":                   "line 2: weight: not a number from 1",
		"commitment,weight\n11,5,\n":                   "line 2: weight: not a number from 1",
		"commitment,weight\n11,5,6\n":                  "line 2: weight: not a number from 1",
		"commitment,weight\n11, 5\n":                   "line 2: weight: not a number from 1",
		"commitment,weight\n11,5.0\n":                  "line 2: weight: not a number from 1",
		"commitment,weight\n11,1:\n":                   "line 2: weight: not a number from 1",
		"commitment,weight\n11,-5\n":                   "line 2: weight: not a number from 1",
		"commitment,weight\n11,1099511627776\n":        "line 2: weight: not a number from 1",
		"commitment,weight\n11,18446744073709551617\n": "line 2: weight: not a number from 1",
	} {
		_, err := BuildCSV(t.Context(), 10, strings.NewReader(text))
		require.ErrorIs(t, err, ErrMalformed, "%q", text)
		require.ErrorContains(t, err, "census: malformed: "+says, "%q", text)
	}
}

func TestAttack27JSONLinesAreStrict(t *testing.T) {
	const good = `{"commitment":"11"}` + "\n"
	for text, says := range map[string]string{
		"\n":                                                  "line 1: not a JSON object",
		good + "\n":                                           "line 2: not a JSON object",
		good + `{"commitment":"22"}`:                          "line 2: the text ends within it",
		good + `null` + "\n":                                  "line 2: not a JSON object",
		good + `[]` + "\n":                                    "line 2: not a JSON object",
		good + `"22"` + "\n":                                  "line 2: not a JSON object",
		good + `{}` + "\n":                                    `line 2: "commitment": or "weight": wanted`,
		good + `{"commitment"}` + "\n":                        `line 2: "commitment": or "weight": wanted`,
		good + `{commitment:"22"}` + "\n":                     `line 2: "commitment": or "weight": wanted`,
		good + `{:"22"}` + "\n":                               `line 2: "commitment": or "weight": wanted`,
		good + `{"commitment":22}` + "\n":                     "line 2: commitment: not a decimal number in quotes",
		good + `{"commitment":"22}` + "\n":                    "line 2: commitment: not a decimal number in quotes",
		good + `{"commitment":["22"]}` + "\n":                 "line 2: commitment: not a decimal number in quotes",
		good + `{"commitment":null}` + "\n":                   "line 2: commitment: not a decimal number in quotes",
		good + `{"commitment":""}` + "\n":                     "line 2: commitment: not a decimal number",
		good + `{"commitment":"0"}` + "\n":                    "line 2: commitment 0",
		good + `{"commitment":"022"}` + "\n":                  "line 2: commitment: not a decimal number without leading zeros",
		good + `{"commitment":" 22"}` + "\n":                  "line 2: commitment: not a decimal number",
		good + `{"commitment":"\u0032"}` + "\n":               "line 2: commitment: not a decimal number",
		good + `{"\u0063ommitment":"22"}` + "\n":              `line 2: "\\u0063ommitment": commitment or weight wanted`,
		good + `{"Commitment":"22"}` + "\n":                   `line 2: "Commitment": commitment or weight wanted`,
		good + `{"commitment":"22","name":"eve"}` + "\n":      `line 2: "name": commitment or weight wanted`,
		good + `{"commitment":"22","commitment":"22"}` + "\n": "line 2: commitment: given twice",
		good + `{"commitment":"22",}` + "\n":                  `line 2: "commitment": or "weight": wanted`,
		good + `{"commitment":"22"` + "\n":                    "line 2: a comma or the object's end wanted",
		good + `{"commitment":"22"]` + "\n":                   "line 2: a comma or the object's end wanted",
		good + `{"commitment":"22"}}` + "\n":                  `line 2: "}" after the object`,
		good + `{"commitment":"22"}{}` + "\n":                 `line 2: "{}" after the object`,
		good + `{"commitment":"22"} #` + "\n":                 `line 2: "#" after the object`,
		good + `{"commitment":"22","weight":5}` + "\n":        "line 2: a weight, where line 1 has none",
		good + `{"weight":5}` + "\n":                          "line 2: no commitment",
		`{"commitment":"11","weight":5}` + "\n" + good:        "line 2: no weight, where line 1 has one",
		`{"commitment":"11","weight":5,"weight":5}` + "\n":    "line 1: weight: given twice",
		`{"commitment":"11","weight":0}` + "\n":               "line 1: weight: not a number from 1",
		`{"commitment":"11","weight":05}` + "\n":              "line 1: weight: not a number from 1",
		`{"commitment":"11","weight":-5}` + "\n":              "line 1: weight: not a number from 1",
		`{"commitment":"11","weight":"5"}` + "\n":             "line 1: weight: not a number from 1",
		`{"commitment":"11","weight":null}` + "\n":            "line 1: weight: not a number from 1",
		`{"commitment":"11","weight":5.0}` + "\n":             "line 1: a comma or the object's end wanted",
		`{"commitment":"11","weight":5e1}` + "\n":             "line 1: a comma or the object's end wanted",
		`{"commitment":"11","weight":1099511627776}` + "\n":   "line 1: weight: not a number from 1",
		strings.Repeat("[", 200) + "\n":                       "line 1: not a JSON object",
		strings.Repeat(`{"commitment":`, 15) + "\n":           "line 1: commitment: not a decimal number in quotes",
	} {
		_, err := BuildJSONLines(t.Context(), 10, strings.NewReader(text))
		require.ErrorIs(t, err, ErrMalformed, "%q", text)
		require.ErrorContains(t, err, "census: malformed: "+says, "%q", text)
	}
}

// forms writes texts and reads them back.
var forms = []struct {
	name  string
	first int // line of member 0
	write func([]Member) []byte
	read  func(io.Reader) iter.Seq2[Member, error]
	build func(testing.TB, int, io.Reader) (*Tree, error)
}{
	{"csv", 2, func(ms []Member) []byte {
		text := "commitment\n"
		if ms[0].Weight > 0 {
			text = "commitment,weight\n"
		}
		for _, m := range ms {
			if text += m.Commitment.String(); m.Weight > 0 {
				text += fmt.Sprintf(",%d", m.Weight)
			}
			text += "\n"
		}
		return []byte(text)
	}, CSV, func(t testing.TB, depth int, r io.Reader) (*Tree, error) { return BuildCSV(t.Context(), depth, r) }},
	{"json", 1, jsonLines, JSONLines,
		func(t testing.TB, depth int, r io.Reader) (*Tree, error) {
			return BuildJSONLines(t.Context(), depth, r)
		}},
}

func TestAttack37ImportNamesBothLines(t *testing.T) {
	for _, f := range forms {
		ms := members(900)
		ms[810].Commitment = ms[15].Commitment
		_, err := f.build(t, 10, bytes.NewReader(f.write(ms)))
		require.ErrorIs(t, err, ErrDuplicate)
		require.EqualError(t, err, fmt.Sprintf("census: duplicate member: line %d: the commitment of line %d again", 810+f.first, 15+f.first))
		var twice *DuplicateError
		require.ErrorAs(t, err, &twice)
		require.EqualValues(t, 15, twice.First)
		require.EqualValues(t, 810, twice.Second)

		ms = members(5, 1, 2)
		ms[3].Commitment = ms[0].Commitment
		_, err = f.build(t, 10, bytes.NewReader(f.write(ms)))
		require.EqualError(t, err,
			fmt.Sprintf("census: duplicate member: line %d: the commitment of line %d again, under the weights 1 and 2", 3+f.first, f.first))
	}
}

func TestImportNamesTheLineOfEveryOtherError(t *testing.T) {
	for _, f := range forms {
		_, err := f.build(t, 3, bytes.NewReader(f.write(members(9))))
		require.ErrorIs(t, err, ErrInvalid)
		require.ErrorContains(t, err, fmt.Sprintf("line %d: a tree of depth 3 holds no more than 8", 8+f.first))

		_, err = f.build(t, 10, bytes.NewReader(f.write(members(17, maxWeight))))
		require.ErrorIs(t, err, ErrInvalid)
		require.ErrorContains(t, err, fmt.Sprintf("line %d: the total weight reaches 2^44", 16+f.first))

		for _, text := range []string{"", "commitment\n", "commitment,weight\n"}[:f.first] {
			_, err = f.build(t, 10, strings.NewReader(text))
			require.ErrorIs(t, err, ErrInvalid)
			require.ErrorContains(t, err, "no members")
		}

		cause := errors.New("connection lost")
		text := f.write(members(40))
		_, err = f.build(t, 10, io.MultiReader(bytes.NewReader(text), iotest.ErrReader(cause)))
		require.ErrorIs(t, err, cause)
		require.EqualError(t, err, fmt.Sprintf("census: line %d: connection lost", 40+f.first))

		_, err = f.build(t, 0, bytes.NewReader(text))
		require.ErrorContains(t, err, "depth 0")
	}
}

// endless is a line without an end; it counts what is read of it.
type endless struct{ read int }

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '1'
	}
	e.read += len(b)
	return len(b), nil
}

func TestAttack28LinesAreBounded(t *testing.T) {
	for _, f := range forms {
		text := string(f.write(members(2)))
		for _, start := range []string{"", text, text + strings.Repeat(" ", 3)} {
			e := new(endless)
			_, err := f.build(t, 10, io.MultiReader(strings.NewReader(start), e))
			require.ErrorIs(t, err, ErrMalformed)
			require.ErrorContains(t, err, fmt.Sprintf("line %d: more than 256 bytes", 1+strings.Count(start, "\n")))
			require.LessOrEqual(t, e.read, 1<<17)
		}
		_, err := f.build(t, 10, strings.NewReader(text+strings.Repeat("1", 256)+"\n"))
		require.ErrorContains(t, err, "more than 256 bytes")
	}
}

func TestImportEndsWithItsReader(t *testing.T) {
	for _, f := range forms {
		n := 0
		for _, err := range f.read(bytes.NewReader(f.write(members(10)))) {
			require.NoError(t, err)
			if n++; n == 4 {
				break
			}
		}
		require.Equal(t, 4, n)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("commitment\n11\n22\n"))
	f.Add([]byte("commitment,weight\r\n11,5\r\n22,1099511627775\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		ms, err := collect(CSV(bytes.NewReader(text)))
		if err != nil || len(ms) == 0 {
			return
		}
		require.Equal(t, string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))), string(forms[0].write(ms)), "one text for each roll")
	})
}

// Whatever is taken, encoding/json takes for the same.
func FuzzJSONLines(f *testing.F) {
	f.Add([]byte(`{"commitment":"11"}` + "\n" + ` { "commitment" : "22" } ` + "\r\n"))
	f.Add([]byte(`{"weight":5,"commitment":"11"}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		ms, err := collect(JSONLines(bytes.NewReader(text)))
		if err != nil {
			return
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		for _, m := range ms {
			var want struct {
				Commitment Commitment
				Weight     uint64
			}
			require.NoError(t, d.Decode(&want))
			require.Equal(t, want.Commitment, m.Commitment)
			require.Equal(t, want.Weight, m.Weight)
		}
		require.False(t, d.More())
	})
}
