package tally

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/wire"
)

// The state of a replay lets an audit go on where an earlier one ended. It is the auditor's own:
// a checksum finds damage, not forgery. What it says is bound to the election, to the checkpoint,
// and by a digest to the very entries that were verified; those are read and hashed again.
//
// Nobody else reads it, and another version of the format is refused, so it is no part of
// docs/spec. After the magic line, integers being big-endian:
//
//	election id, digest of the checkpoint           32 + 32 bytes
//	entries replayed, digest of those               u64, 32 bytes
//	invalid entries; those described: index, kind   u64; u16, each: u64, u8,
//	    (1 is the first of kinds, 0 none), text         u32 length, text
//	weights: weight, voters                         u32, each: u64, u64
//	superseded entries, as bits                     u32 words, each: u64
//	sums: for each bit of a weight, whether there   u8, each: u8,
//	    are any; and the ciphertexts                    128 bytes each
//	the rule-book                                   the rest (ballot.Rulebook.MarshalBinary)
//	SHA-256 of all before                           32 bytes
const stateMagic = "scrutin/audit-state/v1\n"

// stateFile is where the state of a replay is kept now and then.
type stateFile struct {
	path  string
	every time.Duration // at most so often, for writing takes time
	last  time.Time
}

// stateEvery is the least time between two writings, unless the audit ends.
const stateEvery = time.Minute

// restore continues r from the file, if there is one.
func (s *stateFile) restore(r *replay) error {
	s.last = time.Now()
	b, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = r.unmarshal(b)
	}
	if err != nil {
		return s.errorf("%w; move it away to audit from the start", err)
	}
	return nil
}

// keep writes the state of r if the last time is long ago.
func (s *stateFile) keep(r *replay) error {
	if time.Since(s.last) < s.every {
		return nil
	}
	return s.write(r)
}

// write writes the state of r. A writing that takes long makes the next one come later.
func (s *stateFile) write(r *replay) error {
	start := time.Now()
	b, err := r.marshal()
	if err == nil {
		err = writeDurably(s.path, b)
	}
	if err != nil {
		return s.errorf("%w", err)
	}
	s.last = time.Now()
	s.every = max(s.every, 50*s.last.Sub(start))
	return nil
}

func (s *stateFile) errorf(format string, args ...any) error {
	return fmt.Errorf("the state in %s: "+format, append([]any{s.path}, args...)...)
}

// kinds are the kinds of invalid entries.
var kinds = []error{ballot.ErrMalformed, ballot.ErrInvalid, ballot.ErrUnknownElection, ballot.ErrDuplicate, ballot.ErrSequence}

// keptError is the reason for an invalid entry that an earlier audit found.
type keptError struct {
	text string
	kind error
}

func (e *keptError) Error() string { return e.text }

func (e *keptError) Unwrap() error { return e.kind }

func (r *replay) marshal() ([]byte, error) {
	rules, err := r.rules.MarshalBinary()
	if err != nil {
		return nil, err
	}
	checkpoint := r.log.Checkpoint().Digest()
	id := r.manifest.ID()
	var w wire.Writer
	w.Raw([]byte(stateMagic))
	w.Raw(id[:])
	w.Raw(checkpoint[:])
	w.Uint64(r.logged)
	w.Raw(r.entries[:])
	w.Uint64(r.invalid)
	w.Uint16(uint16(len(r.reasons)))
	for _, e := range r.reasons {
		w.Uint64(e.Index)
		w.Uint8(uint8(1 + slices.IndexFunc(kinds, func(kind error) bool { return errors.Is(e.Err, kind) })))
		w.Text(e.Err.Error())
	}
	w.Uint32(uint32(len(r.classes)))
	for _, weight := range slices.Sorted(maps.Keys(r.classes)) {
		w.Uint64(weight)
		w.Uint64(r.classes[weight])
	}
	w.Uint32(uint32(len(r.superseded.words)))
	for _, word := range r.superseded.words {
		w.Uint64(word)
	}
	w.Uint8(uint8(len(r.sum.bits)))
	for _, sums := range r.sum.bits {
		if sums == nil {
			w.Uint8(0)
			continue
		}
		w.Uint8(1)
		for k := range sums {
			b := sums[k].Bytes()
			w.Raw(b[:])
		}
	}
	state := slices.Concat(w.Bytes(), rules, make([]byte, sha256.Size))
	digest := sha256.Sum256(state[:len(state)-sha256.Size])
	copy(state[len(state)-sha256.Size:], digest[:])
	return state, nil
}

// unmarshal sets a new replay to what marshal wrote of one of the same log.
func (r *replay) unmarshal(b []byte) error {
	if !bytes.HasPrefix(b, []byte(stateMagic)) {
		return fmt.Errorf("%w: it is none, or of another version", ErrMalformed)
	}
	n := len(b) - sha256.Size
	if n < 0 || sha256.Sum256(b[:n]) != [32]byte(b[n:]) {
		return fmt.Errorf("%w: its checksum is wrong", ErrMalformed)
	}
	in := wire.NewReader(b[len(stateMagic):n])
	id, checkpoint := r.manifest.ID(), r.log.Checkpoint().Digest()
	if !bytes.Equal(in.Raw(32), id[:]) {
		return fmt.Errorf("%w: it is of another election", ErrForeign)
	}
	if !bytes.Equal(in.Raw(32), checkpoint[:]) {
		return fmt.Errorf("%w: it is of another checkpoint", ErrForeign)
	}
	r.logged = in.Uint64()
	copy(r.entries[:], in.Raw(32))
	r.invalid = in.Uint64()
	for range in.Uint16() {
		if in.Err() != nil || len(r.reasons) == maxReasons {
			in.Fail(errors.New("more invalid entries than a report describes"))
			break
		}
		index, kind, text := in.Uint64(), int(in.Uint8()), in.Text(1<<16)
		e := &keptError{text: text}
		if kind > 0 && kind <= len(kinds) {
			e.kind = kinds[kind-1]
		}
		r.reasons = append(r.reasons, InvalidEntry{index, e})
	}
	for range in.Uint32() {
		if in.Err() != nil {
			break
		}
		weight, voters := in.Uint64(), in.Uint64()
		r.classes[weight] = voters
		r.counted += voters
		r.weight += weight * voters
	}
	for range in.Uint32() {
		if in.Err() != nil {
			break
		}
		r.superseded.append(in.Uint64())
	}
	for range in.Uint8() {
		var sums []elgamal.Ciphertext
		if in.Uint8() == 1 {
			sums = make([]elgamal.Ciphertext, r.sum.length)
			for k := range sums {
				if err := sums[k].SetBytes(in.Raw(elgamal.CiphertextSize)); err != nil {
					in.Fail(err)
				}
			}
		}
		r.sum.bits = append(r.sum.bits, sums)
	}
	err := cmp.Or(in.Err(), r.rules.UnmarshalBinary(in.Raw(in.Len())))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	case r.logged > r.log.Checkpoint().Size, r.counted != uint64(r.rules.Voters()), r.logged != r.superseded.n+r.invalid+r.counted:
		return fmt.Errorf("%w: its numbers contradict each other", ErrMalformed)
	}
	return nil
}
