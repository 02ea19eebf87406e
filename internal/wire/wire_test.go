package wire

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func sample() []byte {
	var w Writer
	w.Uint8(1)
	w.Uint16(2)
	w.Uint32(3)
	w.Uint64(4)
	w.Raw([]byte("raw"))
	w.Var([]byte("variable"))
	w.Text("text")
	return w.Bytes()
}

func read(b []byte) error {
	r := NewReader(b)
	r.Uint8()
	r.Uint16()
	r.Uint32()
	r.Uint64()
	r.Raw(3)
	r.Var(8)
	r.Text(4)
	return r.Done()
}

func TestRoundTrip(t *testing.T) {
	r := NewReader(sample())
	require.EqualValues(t, 1, r.Uint8())
	require.EqualValues(t, 2, r.Uint16())
	require.EqualValues(t, 3, r.Uint32())
	require.EqualValues(t, 4, r.Uint64())
	require.Equal(t, "raw", string(r.Raw(3)))
	require.Equal(t, "variable", string(r.Var(8)))
	require.Equal(t, "text", r.Text(4))
	require.NoError(t, r.Done())
}

func TestBadLengths(t *testing.T) {
	b := sample()
	require.NoError(t, read(b))
	for n := range b {
		require.ErrorIs(t, read(b[:n]), ErrMalformed, "%d bytes", n)
	}
	for n := 1; n <= 100; n++ {
		require.ErrorIs(t, read(append(b[:len(b):len(b)], make([]byte, n)...)), ErrMalformed, "%d more bytes", n)
	}
}

func TestLengthOfAnAttacker(t *testing.T) {
	r := NewReader([]byte{0xff, 0xff, 0xff, 0xff, 1})
	require.Nil(t, r.Var(1<<20))
	require.ErrorIs(t, r.Err(), ErrMalformed)
	r = NewReader([]byte{0xff, 0xff, 0xff, 0xff, 1})
	require.Nil(t, r.Var(1<<33))
	require.ErrorIs(t, r.Err(), ErrMalformed)
}

type document struct {
	Name   string  `json:"name"`
	Number int64   `json:"number"`
	Digest Hex32   `json:"digest"`
	Bytes  Hex     `json:"bytes"`
	List   []int64 `json:"list,omitempty"`
}

func TestAttack27OneJSONForEachDocument(t *testing.T) {
	zeros := strings.Repeat("00", 32)
	good := `{"bytes":"ab","digest":"` + zeros + `","name":"é<\u0001","number":12}`
	var d document
	require.NoError(t, UnmarshalCanonical([]byte(good), &d))
	require.Equal(t, "é<\x01", d.Name)
	out, err := MarshalCanonical(d)
	require.NoError(t, err)
	require.Equal(t, good, string(out))

	for name, bad := range map[string]string{
		"space":          " " + good,
		"newline":        good + "\n",
		"twice":          good + good,
		"unknown field":  strings.Replace(good, `}`, `,"other":1}`, 1),
		"duplicate":      strings.Replace(good, `}`, `,"number":12}`, 1),
		"shadowed":       strings.Replace(good, `{`, `{"bytes":"cd",`, 1),
		"other case":     strings.Replace(good, `"name"`, `"Name"`, 1),
		"order":          `{"digest":"` + zeros + `","bytes":"ab","name":"é<\u0001","number":12}`,
		"escaped":        strings.Replace(good, `é`, `\u00e9`, 1),
		"number":         strings.Replace(good, `12`, `12.0`, 1),
		"exponent":       strings.Replace(good, `12`, `1e1`, 1),
		"minus zero":     strings.Replace(good, `12`, `-0`, 1),
		"missing":        `{"bytes":"ab","digest":"` + zeros + `","name":""}`,
		"null":           "null",
		"upper case hex": strings.Replace(good, `"ab"`, `"AB"`, 1),
		"odd hex":        strings.Replace(good, `"ab"`, `"abc"`, 1),
		"short digest":   strings.Replace(good, zeros, zeros[2:], 1),
		"long digest":    strings.Replace(good, zeros, zeros+"00", 1),
		"empty list":     strings.Replace(good, `,"name"`, `,"list":[],"name"`, 1),
		"invalid UTF-8":  strings.Replace(good, `é`, "\xff", 1),
		"half":           good[:len(good)/2],
		"nothing":        "",
	} {
		require.ErrorIs(t, UnmarshalCanonical([]byte(bad), new(document)), ErrMalformed, name)
	}
}

// A short document that leaves everything out does not take the memory of the long one that it stands for.
func TestMissingMembersTakeNoMemory(t *testing.T) {
	type list struct {
		List []document `json:"list"`
	}
	const n = 1 << 14
	b := []byte(`{"list":[` + strings.Repeat(`{},`, n) + `{}]}`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := UnmarshalCanonical(b, new(list))
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, ErrMalformed)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1200*n))

	// What is escaped most is still read.
	var d document
	good := `{"bytes":"","digest":"` + strings.Repeat("00", 32) + `","name":"` + strings.Repeat("<&>", 1<<12) + `","number":0}`
	require.NoError(t, UnmarshalCanonical([]byte(good), &d))
}

func FuzzUnmarshalCanonical(f *testing.F) {
	f.Add([]byte(`{"bytes":"ab","digest":"` + strings.Repeat("00", 32) + `","name":"x","number":12}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var d document
		if UnmarshalCanonical(b, &d) == nil {
			out, err := MarshalCanonical(d)
			require.NoError(t, err)
			require.Equal(t, b, out)
		}
	})
}

// What is refused by more than one check is refused for what is wrong with it.
func TestErrorsSayWhatIsWrong(t *testing.T) {
	_, err := MarshalCanonical(make(chan int))
	require.ErrorContains(t, err, "unsupported type")
	out, err := MarshalCanonical(json.Number("1e400"))
	require.Error(t, err, "a number that JSON has and JCS has not")
	require.Nil(t, out)

	require.ErrorContains(t, new(Hex).UnmarshalText([]byte("0z")), "invalid byte")
	require.ErrorContains(t, new(Hex).UnmarshalText([]byte("AB")), "upper case")
	require.ErrorContains(t, UnmarshalCanonical([]byte("{}"), new(struct {
		Name string `json:"a name that takes more than six times the bytes"`
	})), "more than 2 bytes")

	r := NewReader([]byte{1, 2, 3})
	require.Nil(t, r.Raw(-1)) // as the length of a field above 2^31 is where int has 32 bits
	require.ErrorIs(t, r.Err(), ErrMalformed)
	r = NewReader([]byte{0, 0, 0, 4, 1, 2, 3, 4})
	require.Nil(t, r.Var(3))
	require.ErrorContains(t, r.Err(), "a field of 4 bytes, at most 3 allowed")
}
