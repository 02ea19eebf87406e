package proof

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/dchest/blake512"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/poseidon"
	"github.com/scrutin/scrutin/internal/transcript"
)

// Identity is a voter's secret: a scalar s modulo the order q of Baby Jubjub's prime-order group.
// The zero value is not an identity.
type Identity struct {
	// The secret is behind a function, since package fmt does not always ask Format: not for %w, nor for a
	// field that is not exported. It then prints what it finds, behind pointers too, but no variables
	// that a function holds.
	secret     func() babyjub.Scalar
	key        func() []byte // what the secret was derived from; nil if it was not
	commitment census.Commitment
}

// NewIdentity returns a fresh identity: [IdentityFromKey] of 32 random bytes.
func NewIdentity() *Identity {
	var key [32]byte
	rand.Read(key[:]) // aborts the program if the random source fails
	defer clear(key[:])
	return IdentityFromKey(key[:])
}

// IdentityFromKey returns the identity that Semaphore v4 derives from a private key: BLAKE-512 of the
// key, the first 32 bytes clamped as in RFC 8032, read little-endian, shifted right by 3 bits, modulo
// q. The key should hold at least 128 bits of entropy: commitments are public, and a guess is
// checked offline.
func IdentityFromKey(key []byte) *Identity {
	h := blake512.New()
	h.Write(key)
	digest := h.Sum(nil)
	// Clamping clears the lowest three bits as well; the shift drops them.
	digest[31] &= 0x7f
	digest[31] |= 0x40
	var wide [64]byte // big-endian
	for i := range 32 {
		low := digest[i] >> 3
		if i < 31 {
			low |= digest[i+1] << 5
		}
		wide[63-i] = low
	}
	var s babyjub.Scalar
	s.SetUniformBytes(wide[:])
	clear(wide[:])
	clear(digest)
	id := newIdentity(&s)
	key = bytes.Clone(key)
	id.key = func() []byte { return key }
	return id
}

// ImportIdentity returns the identity that Semaphore v4's Identity.export(), or [Identity.Export], wrote:
// [IdentityFromKey] of the bytes that the text has in Base64 (RFC 4648, section 4, with padding and nothing
// else in it). The error is ErrMalformed, for an empty text too. An identity that was made from a text as its
// private key is no more secret than that text.
func ImportIdentity(text string) (*Identity, error) {
	key, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(key) == 0 || strings.ContainsAny(text, "\r\n") {
		return nil, fmt.Errorf("%w: an exported identity is a private key in Base64", ErrMalformed) // err could have a part of it
	}
	defer clear(key)
	return IdentityFromKey(key), nil
}

// Export returns the private key in Base64, as Semaphore v4's Identity.export() does: for its packages to
// import, or [ImportIdentity]. Whoever has it can vote as the identity. An identity of [ParseIdentity] has no
// private key, which cannot be computed from the scalar; the error is then ErrMalformed.
func (id *Identity) Export() (string, error) {
	if id.key == nil {
		return "", fmt.Errorf("%w: the identity was read as a scalar, its private key is not known: store Bytes, or the key itself", ErrMalformed)
	}
	return base64.StdEncoding.EncodeToString(id.key()), nil
}

// ParseIdentity returns the identity whose [Identity.Bytes] are b: 32 bytes big-endian, not zero and
// below q. Otherwise the error is ErrMalformed.
func ParseIdentity(b []byte) (*Identity, error) {
	var s babyjub.Scalar
	if err := s.SetBytes(b); err != nil || s.IsZero() {
		return nil, fmt.Errorf("%w: an identity is 32 bytes, a number from 1 to q-1", ErrMalformed)
	}
	return newIdentity(&s), nil
}

// newIdentity computes commitment = Poseidon(x, y), (x, y) = s*B8.
func newIdentity(s *babyjub.Scalar) *Identity {
	secret := *s
	return &Identity{
		secret:     func() babyjub.Scalar { return secret },
		commitment: commitmentOf(new(babyjub.Point).ScalarBaseMul(s)),
	}
}

// commitmentOf returns Poseidon(x, y) of a public key.
func commitmentOf(public *babyjub.Point) census.Commitment {
	x, y := public.Affine()
	commitment := poseidon.Hash(x, y)
	return commitment.Bytes()
}

// scalar returns s, and 0 for the zero value.
func (id *Identity) scalar() babyjub.Scalar {
	if id.secret == nil {
		return babyjub.Scalar{}
	}
	return id.secret()
}

// Bytes returns the secret scalar, 32 bytes big-endian. Whoever has it can vote as the identity.
func (id *Identity) Bytes() [32]byte {
	s := id.scalar()
	return s.Bytes()
}

// Commitment returns the identity's public half, the leaf of the census.
func (id *Identity) Commitment() census.Commitment { return id.commitment }

// Nullifier returns Poseidon(H(scope), s), the identity's pseudonym in a scope.
func (id *Identity) Nullifier(scope Scope) Nullifier {
	var s fr.Element
	b := id.Bytes()
	if err := s.SetBytesCanonical(b[:]); err != nil { // cannot happen: s < q < r
		panic("proof: identity out of range")
	}
	n := poseidon.Hash(signal(scope), s)
	return n.Bytes()
}

// Derive returns 64 secret bytes that only the identity's holder can compute, the same each time and
// independent for each label and context. The label is fixed text that names the use.
func (id *Identity) Derive(label string, context []byte) [64]byte {
	t := transcript.New("identity")
	t.Absorb("context", context)
	secret := id.Bytes()
	defer clear(secret[:])
	return [64]byte(t.Derive(label, secret[:]).Challenge("secret", 64))
}

// Format prints "Identity(redacted)", whatever the verb.
func (id Identity) Format(f fmt.State, _ rune) { io.WriteString(f, "Identity(redacted)") }

// MarshalText refuses, so that no encoder writes a secret by accident. Use [Identity.Bytes].
func (id Identity) MarshalText() ([]byte, error) {
	return nil, fmt.Errorf("%w: an identity is secret and has no text form", ErrMalformed)
}
