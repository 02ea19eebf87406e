package box

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"filippo.io/edwards25519"
	"golang.org/x/mod/sumdb/note"

	"github.com/scrutin/scrutin/ballot"
)

const (
	// cosignatureType tells a cosignature key from a plain Ed25519 one: c2sp.org/signed-note.
	cosignatureType = 4

	cosignatureSize = 8 + ed25519.SignatureSize
	maxWitnessName  = 200
)

// A WitnessKey is the public key of a witness, for Ed25519 cosignatures (c2sp.org/tlog-cosignature).
// It is a note.Verifier.
type WitnessKey struct {
	name string
	key  ed25519.PublicKey
}

var _ note.Verifier = (*WitnessKey)(nil)

// ParseWitnessKey reads a verifier key: name+hash+key, as WitnessKey.String writes it.
func ParseWitnessKey(vkey string) (*WitnessKey, error) {
	name, key, err := parseKey(vkey)
	if err != nil {
		return nil, fmt.Errorf("box: witness key: %w", err)
	}
	w := &WitnessKey{name, key}
	if w.String() != vkey {
		return nil, fmt.Errorf("box: witness key: %w: another spelling or hash than %q", ballot.ErrMalformed, w)
	}
	point, err := new(edwards25519.Point).SetBytes(key)
	if err != nil || !bytes.Equal(point.Bytes(), key) || point.MultByCofactor(point).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return nil, fmt.Errorf("box: witness key: %w: no point, or one of small order", ballot.ErrMalformed)
	}
	return w, nil
}

// parseKey reads name+hash+key. The caller compares the hash by writing it anew.
func parseKey(s string) (name string, key []byte, err error) {
	parts := strings.SplitN(s, "+", 3) // base64 may have more of them
	if len(parts) < 3 || len(s) > maxWitnessName+len("+00000000+")+base64.StdEncoding.EncodedLen(1+ed25519.PublicKeySize) {
		return "", nil, fmt.Errorf("%w: not name+hash+key", ballot.ErrMalformed)
	}
	name = parts[0]
	if err := checkWitnessName(name); err != nil {
		return "", nil, err
	}
	b, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(b) != 1+ed25519.PublicKeySize || b[0] != cosignatureType {
		return "", nil, fmt.Errorf("%w: not an Ed25519 cosignature key", ballot.ErrMalformed)
	}
	return name, b[1:], nil
}

func checkWitnessName(name string) error {
	if name == "" || len(name) > maxWitnessName || !utf8.ValidString(name) || strings.Contains(name, "+") ||
		strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return fmt.Errorf("%w: the name %.64q: 1 to %d bytes without white space and + wanted", ballot.ErrMalformed, name, maxWitnessName)
	}
	return nil
}

// Name returns the witness's name.
func (w *WitnessKey) Name() string { return w.name }

// KeyHash returns the hash that stands before the witness's signatures.
func (w *WitnessKey) KeyHash() uint32 {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%c%s", w.name, cosignatureType, w.key)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// Verify reports whether sig is a cosignature of the text of a checkpoint.
func (w *WitnessKey) Verify(text, sig []byte) bool {
	if len(sig) != cosignatureSize || len(w.key) != ed25519.PublicKeySize {
		return false
	}
	seconds := binary.BigEndian.Uint64(sig)
	return seconds < 1<<62 && ed25519.Verify(w.key, cosigned(text, seconds), sig[8:])
}

// String returns the verifier key, name+hash+key.
func (w *WitnessKey) String() string { return w.encode(w.key) }

func (w *WitnessKey) encode(key []byte) string {
	return fmt.Sprintf("%s+%08x+%s", w.name, w.KeyHash(), base64.StdEncoding.EncodeToString(append([]byte{cosignatureType}, key...)))
}

// cosigned is what a witness signs.
func cosigned(text []byte, seconds uint64) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", seconds, text)
}

const witnessSecretPrefix = "PRIVATE+KEY+"

// GenerateWitnessKey makes a new key for a witness with a name, such as "witness.example.org/w1".
// The first is secret, for WitnessConfig; the second is public, for ParseWitnessKey.
func GenerateWitnessKey(name string) (skey, vkey string, err error) {
	if err := checkWitnessName(name); err != nil {
		return "", "", fmt.Errorf("box: witness key: %w", err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", "", fmt.Errorf("box: witness key: %w", err)
	}
	w := &WitnessKey{name, public}
	return witnessSecretPrefix + w.encode(private.Seed()), w.String(), nil
}

// A cosigner is a note.Signer of cosignatures at one time.
type cosigner struct {
	*WitnessKey
	private ed25519.PrivateKey
	seconds uint64
}

// newCosigner reads a witness's secret key. Its errors do not quote it.
func newCosigner(skey string) (*cosigner, error) {
	rest, found := strings.CutPrefix(skey, witnessSecretPrefix)
	if !found {
		return nil, fmt.Errorf("%w: not a witness's secret key", ballot.ErrMalformed)
	}
	name, seed, err := parseKey(rest)
	if err != nil {
		return nil, err
	}
	private := ed25519.NewKeyFromSeed(seed)
	c := &cosigner{WitnessKey: &WitnessKey{name, private.Public().(ed25519.PublicKey)}, private: private}
	if c.encode(seed) != rest {
		return nil, fmt.Errorf("%w: the hash in the secret key of %s is not the key's", ballot.ErrMalformed, name)
	}
	return c, nil
}

// Sign cosigns the text of a checkpoint.
func (c *cosigner) Sign(text []byte) ([]byte, error) {
	sig := binary.BigEndian.AppendUint64(nil, c.seconds)
	return append(sig, ed25519.Sign(c.private, cosigned(text, c.seconds))...), nil
}

// A Cosignature is a witness's word that, at a time, a checkpoint extended all that it had seen of the log.
type Cosignature struct {
	Witness *WitnessKey
	Time    time.Time // by the witness's clock
}

// Cosignatures returns the valid cosignatures of c by the witnesses that the caller names, in
// their order. Lines of others, and lines that do not hold, count for nothing. A key that is
// named twice, under whatever names, counts once: len is the number of different keys that vouch.
func (c *Checkpoint) Cosignatures(witnesses ...*WitnessKey) []Cosignature {
	var out []Cosignature
	for i, w := range witnesses {
		if w == nil || slices.ContainsFunc(witnesses[:i], func(v *WitnessKey) bool { return v != nil && bytes.Equal(v.key, w.key) }) {
			continue
		}
		n, err := note.Open(c.Note, note.VerifierList(w))
		if err != nil || n.Text != c.text() {
			continue
		}
		sig, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
		if err != nil {
			continue
		}
		seconds := binary.BigEndian.Uint64(sig[4:])
		out = append(out, Cosignature{w, time.Unix(int64(seconds), 0).UTC()})
	}
	return out
}
