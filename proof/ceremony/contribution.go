package ceremony

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"

	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof/prover"
)

const contributionMagic = "scrutin contribution v1\n"

// Contribution names a contribution: under which name it was made, and the SHA-256 of its file.
type Contribution struct {
	Name   string
	Digest [sha256.Size]byte
}

// header is what is before gnark's bytes in the file of a contribution.
type header struct {
	phase    uint8 // 1 or 2
	relation prover.Relation
	number   int               // 1, 2, …
	previous [sha256.Size]byte // digest of the file that it follows
	name     string
}

func (h *header) encode() ([]byte, error) {
	_, circuit, err := h.relation.Constraints()
	if err != nil {
		return nil, err
	}
	if err := checkName("contributor's name", h.name); err != nil {
		return nil, err
	}
	var w wire.Writer
	w.Raw([]byte(contributionMagic))
	w.Uint8(h.phase)
	putRelation(&w, h.relation)
	w.Raw(circuit[:])
	w.Uint16(uint16(h.number))
	w.Raw(h.previous[:])
	w.Text(h.name)
	return w.Bytes(), nil
}

// maxHeader is the size of the longest header.
const maxHeader = len(contributionMagic) + 1 + 2 + sha256.Size + 2 + sha256.Size + 4 + MaxNameBytes

func putRelation(w *wire.Writer, r prover.Relation) {
	w.Uint8(uint8(r.Depth))
	if r.Weighted {
		w.Uint8(1)
	} else {
		w.Uint8(0)
	}
}

// takeRelation reads a relation and the digest of its constraints, which must be those of this program.
func takeRelation(in *wire.Reader) (r prover.Relation, err error) {
	depth, weighted, circuit := in.Uint8(), in.Uint8(), in.Raw(sha256.Size)
	if err := in.Err(); err != nil {
		return r, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if weighted > 1 {
		return r, fmt.Errorf("%w: unknown relation %d", ErrMalformed, weighted)
	}
	r = prover.Relation{Depth: int(depth), Weighted: weighted == 1}
	if depth < 1 || depth > prover.MaxDepth {
		return r, fmt.Errorf("%w: depth %d is not in 1..%d", ErrMalformed, depth, prover.MaxDepth)
	}
	_, digest, err := r.Constraints()
	if err == nil && !bytes.Equal(circuit, digest[:]) {
		err = fmt.Errorf("%w: made for another version of the circuit of %v", ErrForeign, r)
	}
	return r, err
}

// parseContribution checks the header of a contribution, which must be the one that follows, and returns it
// with its name and gnark's bytes.
func parseContribution(file []byte, want header) (name string, body []byte, err error) {
	in := wire.NewReader(file)
	if magic := in.Raw(len(contributionMagic)); string(magic) != contributionMagic {
		return "", nil, fmt.Errorf("%w: does not start with %q", ErrMalformed, contributionMagic)
	}
	phase, depth, weighted := in.Uint8(), in.Uint8(), in.Uint8()
	circuit, number, previous := in.Raw(sha256.Size), in.Uint16(), in.Raw(sha256.Size)
	name = in.Text(MaxNameBytes)
	if err := in.Err(); err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := checkName("contributor's name", name); err != nil {
		return "", nil, err
	}
	_, digest, err := want.relation.Constraints()
	if err != nil {
		return "", nil, err
	}
	fail := func(kind error, format string, args ...any) (string, []byte, error) {
		return "", nil, fmt.Errorf("%w: by %q: %s", kind, name, fmt.Sprintf(format, args...))
	}
	r := prover.Relation{Depth: int(depth), Weighted: weighted == 1}
	switch {
	case phase != want.phase:
		return fail(ErrForeign, "a contribution to phase %d, this is phase %d", phase, want.phase)
	case weighted > 1:
		return fail(ErrMalformed, "unknown relation %d", weighted)
	case r != want.relation:
		return fail(ErrForeign, "made for %v, this is the set-up of %v", r, want.relation)
	case !bytes.Equal(circuit, digest[:]):
		return fail(ErrForeign, "made for another version of the circuit of %v", r)
	case int(number) != want.number:
		return fail(ErrOrder, "this is contribution %d, number %d belongs here", number, want.number)
	case !bytes.Equal(previous, want.previous[:]):
		return fail(ErrOrder, "it does not follow the file before it")
	}
	return name, file[len(file)-in.Len():], nil
}

// A field is a part of gnark's bytes: an integer that is known, points that are compressed, other bytes.
type field struct {
	number       []byte
	points, size int // number of points, and size of each
	other        int
}

// checkShape checks that the bytes are laid out as they have to be: every length that gnark's reader would
// follow is the one that is expected, and every point is compressed and not infinity. So nothing is allocated
// by an attacker's number, and no point is read from where another one stands.
func checkShape(b []byte, fields []field) error {
	if want := shapeSize(fields); len(b) != want {
		return fmt.Errorf("%d bytes, %d are wanted", len(b), want)
	}
	for _, f := range fields {
		if !bytes.HasPrefix(b, f.number) {
			return fmt.Errorf("a length is %x, %x is wanted", b[:len(f.number)], f.number)
		}
		b = b[len(f.number):]
		for range f.points {
			if b[0]>>6 < 2 {
				return errors.New("a point is infinity or not compressed")
			}
			b = b[f.size:]
		}
		b = b[f.other:]
	}
	return nil
}

func shapeSize(fields []field) (n int) {
	for _, f := range fields {
		n += len(f.number) + f.points*f.size + f.other
	}
	return n
}

const (
	packed1 = bn254.SizeOfG1AffineCompressed
	packed2 = bn254.SizeOfG2AffineCompressed
)

// updateProof is gnark's proof of one secret x: x g_1 and the proof that x is known.
var updateProof = []field{{points: 1, size: packed1}, {points: 1, size: packed2}}

// challengeField is the hash that a contribution's proofs are about.
var challengeField = field{number: []byte{sha256.Size}, other: sha256.Size}

// idle reports whether an update proof is about x = 1 or -1: then x g_1 is the generator up to the sign, which
// is in the highest bits.
func idle(update []byte) bool {
	_, _, g1, _ := bn254.Generators()
	g := g1.Bytes()
	return update[0]&0x3f == g[0]&0x3f && bytes.Equal(update[1:packed1], g[1:])
}

// follow is a chain of contributions: what each one has to be, and who made those before.
type follow struct {
	next header
	made []Contribution
}

// check opens the next file and returns gnark's bytes of it.
func (f *follow) check(file []byte, shape []field) (name string, body []byte, err error) {
	name, body, err = parseContribution(file, f.next)
	if err != nil {
		return "", nil, err
	}
	if err := checkShape(body, shape); err != nil {
		return "", nil, fmt.Errorf("%w: by %q: %w", ErrMalformed, name, err)
	}
	return name, body, f.free(name)
}

// free refuses the name of somebody who has contributed: two contributions of one party are no better than one.
func (f *follow) free(name string) error {
	for i, c := range f.made {
		if c.Name == name {
			return fmt.Errorf("%w: by %q: contribution %d has the same name", ErrOrder, name, i+1)
		}
	}
	return nil
}

// add appends a contribution that was checked or made.
func (f *follow) add(name string, file []byte) {
	c := Contribution{name, sha256.Sum256(file)}
	f.made = append(f.made, c)
	f.next.number++
	f.next.previous = c.Digest
}

// room refuses one contribution more than there may be.
func (f *follow) room() error {
	if len(f.made) >= MaxContributors {
		return fmt.Errorf("%w: there are %d contributions, the most that are possible", ErrOrder, len(f.made))
	}
	return nil
}

// enough refuses to end a phase with too few contributions.
func (f *follow) enough() error {
	if len(f.made) < MinContributors {
		return fmt.Errorf("%w: phase %d has %d contributions, at least %d are wanted", ErrOrder, f.next.phase, len(f.made), MinContributors)
	}
	return nil
}
