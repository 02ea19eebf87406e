// Package transcript is the Fiat-Shamir transcript of every proof in this module.
//
// A transcript is cSHAKE256 (NIST SP 800-185) with an empty function name and
// "scrutin/v1/" + protocol as customization. A prover and a verifier absorb the
// same statement and messages in the same order and draw the same challenges:
//
//	t := transcript.New("example")
//	t.Absorb("key", key)
//	t.Absorb("commitment", commitment)
//	x := t.Challenge("x", 64)
//
// Each operation is tagged and length-prefixed, so no two sequences of operations
// feed the sponge the same bytes. SHAKE cannot absorb after squeezing; after a
// challenge the transcript continues in a fresh cSHAKE keyed by 64 further bytes of
// the output (a ratchet). docs/spec/transcript.md has the byte layout.
//
// The same state, keyed with a secret, yields the prover's randomness (Hedge and
// Derive): it depends on the secret, on everything absorbed before, and for Hedge on
// fresh bytes, so that neither a weak random source nor a repeated one makes two
// different statements share a mask.
package transcript

import (
	"crypto/rand"
	"crypto/sha3"
	"encoding/binary"
)

// Tags of the operations.
const (
	opAbsorb    = 1
	opChallenge = 2
	opRatchet   = 3
	opFork      = 4
)

const ratchetSize = 64

// Transcript is the state of one run of a protocol. It is not safe for concurrent use.
type Transcript struct {
	custom []byte
	shake  *sha3.SHAKE
}

// New returns the empty transcript of a protocol. The name is fixed text, such as "ballot".
func New(protocol string) *Transcript {
	custom := []byte("scrutin/v1/" + protocol)
	return &Transcript{custom: custom, shake: sha3.NewCSHAKE256(nil, custom)}
}

// Absorb adds data under a label. The label is fixed text.
func (t *Transcript) Absorb(label string, data []byte) {
	t.operation(opAbsorb, label, uint64(len(data)))
	t.shake.Write(data)
}

// AbsorbUint64 adds v as 8 big-endian bytes under a label.
func (t *Transcript) AbsorbUint64(label string, v uint64) {
	t.Absorb(label, binary.BigEndian.AppendUint64(nil, v))
}

// Challenge returns n bytes that depend on everything absorbed and drawn before, and ratchets.
func (t *Transcript) Challenge(label string, n int) []byte {
	t.operation(opChallenge, label, uint64(n))
	out := make([]byte, n+ratchetSize)
	t.shake.Read(out)
	t.shake = sha3.NewCSHAKE256(nil, t.custom)
	t.shake.Write([]byte{opRatchet})
	t.shake.Write(out[n:])
	clear(out[n:])
	return out[:n:n]
}

// Hedge returns a private fork of t keyed with secret and 32 fresh random bytes. What its
// Challenge returns is the prover's randomness and must stay secret. t is unchanged.
func (t *Transcript) Hedge(label string, secret []byte) *Transcript {
	var fresh [32]byte
	rand.Read(fresh[:]) // aborts the program if the random source fails
	return t.fork(label, secret, fresh[:])
}

// Derive is Hedge without fresh bytes: the same secret and transcript give the same
// randomness. It serves protocols whose messages must be reproducible after a crash.
func (t *Transcript) Derive(label string, secret []byte) *Transcript {
	return t.fork(label, secret, nil)
}

func (t *Transcript) fork(label string, secret, fresh []byte) *Transcript {
	f := t.Clone()
	f.operation(opFork, label, uint64(len(secret)))
	f.shake.Write(secret)
	f.shake.Write(binary.BigEndian.AppendUint64(nil, uint64(len(fresh))))
	f.shake.Write(fresh)
	return f
}

// Clone returns an independent copy of t.
func (t *Transcript) Clone() *Transcript {
	state, err := t.shake.MarshalBinary()
	if err != nil {
		panic("transcript: " + err.Error()) // cannot happen: the state is always marshalable
	}
	c := &Transcript{custom: t.custom, shake: sha3.NewCSHAKE256(nil, t.custom)}
	if err := c.shake.UnmarshalBinary(state); err != nil {
		panic("transcript: " + err.Error())
	}
	return c
}

// Digest is the first 32-byte challenge of a transcript that absorbed the parts in order:
// a hash with domain separation and unambiguous concatenation.
func Digest(protocol string, parts ...[]byte) [32]byte {
	t := New(protocol)
	for _, p := range parts {
		t.Absorb("part", p)
	}
	return [32]byte(t.Challenge("digest", 32))
}

func (t *Transcript) operation(tag byte, label string, n uint64) {
	head := make([]byte, 0, 1+4+len(label)+8)
	head = append(head, tag)
	head = binary.BigEndian.AppendUint32(head, uint32(len(label)))
	head = append(head, label...)
	head = binary.BigEndian.AppendUint64(head, n)
	t.shake.Write(head)
}
