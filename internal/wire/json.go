package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"

	"github.com/gowebpki/jcs"
)

// MarshalCanonical returns the canonical JSON (RFC 8785) of v.
func MarshalCanonical(v any) ([]byte, error) {
	return canonical(v, math.MaxInt)
}

// canonical refuses a v whose canonical JSON is certainly longer than limit, before it takes the
// memory to write it.
func canonical(v any, limit int) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	if len(b)/escapeFactor > limit {
		return nil, fmt.Errorf("canonical JSON: more than %d bytes", limit)
	}
	b, err = jcs.Transform(b)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	return b, nil
}

// escapeFactor bounds how much longer than canonical JSON encoding/json writes: "<" as \u003c.
const escapeFactor = 6

// UnmarshalCanonical decodes b into v, a pointer to a zero value, and requires that b is
// exactly the canonical JSON of the result. Unknown, duplicate and missing fields, other
// spellings of a name, a number or a string, and surrounding space are all refused by that.
func UnmarshalCanonical(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: JSON: %v", ErrMalformed, err)
	}
	want, err := canonical(v, len(b)) // members that are missing would make it longer than b, without bound
	if err != nil {
		return fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	if !bytes.Equal(want, b) {
		return fmt.Errorf("%w: not the canonical JSON of its content (RFC 8785), first difference at byte %d",
			ErrMalformed, firstDifference(want, b))
	}
	return nil
}

func firstDifference(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// Hex is a byte string, in JSON a string of lower-case hexadecimal digits.
type Hex []byte

func (h Hex) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

func (h *Hex) UnmarshalText(text []byte) error {
	b, err := decodeHex(text)
	if err != nil {
		return err
	}
	*h = b
	return nil
}

// Hex32 is a 32-byte string, such as a digest, in JSON 64 lower-case hexadecimal digits.
type Hex32 [32]byte

func (h Hex32) String() string { return hex.EncodeToString(h[:]) }

func (h Hex32) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

func (h *Hex32) UnmarshalText(text []byte) error {
	if len(text) != 64 {
		return fmt.Errorf("%w: %d hexadecimal digits, 64 wanted", ErrMalformed, len(text))
	}
	b, err := decodeHex(text)
	if err != nil {
		return err
	}
	*h = Hex32(b)
	return nil
}

func decodeHex(text []byte) ([]byte, error) {
	b, err := hex.AppendDecode(nil, text)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	if !bytes.Equal(hex.AppendEncode(nil, b), text) {
		return nil, fmt.Errorf("%w: hexadecimal digits in upper case", ErrMalformed)
	}
	return b, nil
}
