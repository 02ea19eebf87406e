// Package wire reads and writes the module's binary and JSON encodings, strictly:
// one encoding for each value, exact lengths, no trailing bytes.
//
// Binary integers are big-endian; variable fields carry a 32-bit length. JSON is
// canonical (RFC 8785), so that a document has one digest.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrMalformed is the kind of every decoding error.
var ErrMalformed = errors.New("malformed encoding")

// Writer appends to a buffer. The zero value is ready for use.
type Writer struct{ b []byte }

func (w *Writer) Uint8(v uint8)   { w.b = append(w.b, v) }
func (w *Writer) Uint16(v uint16) { w.b = binary.BigEndian.AppendUint16(w.b, v) }
func (w *Writer) Uint32(v uint32) { w.b = binary.BigEndian.AppendUint32(w.b, v) }
func (w *Writer) Uint64(v uint64) { w.b = binary.BigEndian.AppendUint64(w.b, v) }

// Raw appends b as it is: a field whose length the format fixes.
func (w *Writer) Raw(b []byte) { w.b = append(w.b, b...) }

// Var appends a 32-bit length and b.
func (w *Writer) Var(b []byte) {
	w.Uint32(uint32(len(b)))
	w.Raw(b)
}

// Text appends s as Var does.
func (w *Writer) Text(s string) { w.Var([]byte(s)) }

// Bytes returns what was written.
func (w *Writer) Bytes() []byte { return w.b }

// Reader reads fields in order. After the first error every method returns zero values;
// Err and Done report it. It never allocates more than the input holds.
type Reader struct {
	b   []byte
	err error
}

// NewReader returns a Reader of b, which it does not modify.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

func (r *Reader) take(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || len(r.b) < n {
		r.err = fmt.Errorf("%w: %d more bytes wanted, %d left", ErrMalformed, n, len(r.b))
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *Reader) Uint8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *Reader) Uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *Reader) Uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *Reader) Uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// Raw returns the next n bytes, or nil after an error. The slice aliases the input.
func (r *Reader) Raw(n int) []byte { return r.take(n) }

// Var returns a field written by Writer.Var, of at most max bytes. The slice aliases the input.
func (r *Reader) Var(max int) []byte {
	n := r.Uint32()
	if r.err == nil && uint64(n) > uint64(max) {
		r.err = fmt.Errorf("%w: a field of %d bytes, at most %d allowed", ErrMalformed, n, max)
	}
	return r.take(int(n))
}

// Text returns a field written by Writer.Text, of at most max bytes.
func (r *Reader) Text(max int) string { return string(r.Var(max)) }

// Fail records err, the decoding error of a field that was read, unless there is one already.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Len returns the number of bytes left.
func (r *Reader) Len() int { return len(r.b) }

// Err returns the first error.
func (r *Reader) Err() error { return r.err }

// Done returns the first error, or one if bytes are left.
func (r *Reader) Done() error {
	if r.err == nil && len(r.b) > 0 {
		r.err = fmt.Errorf("%w: %d trailing bytes", ErrMalformed, len(r.b))
	}
	return r.err
}
