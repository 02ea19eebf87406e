package proof

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
)

// SemaphoreProof is a claim in the form that Semaphore v4's packages exchange, where their generateProof
// writes and their verifyProof reads it. As JSON it is an object with the members merkleTreeDepth (a
// number), merkleTreeRoot, nullifier, message, scope (texts, decimal) and points (eight such texts).
//
// The depth says which of the ceremony's keys verifies the proof. The text does not say which group the root
// is of, nor what scope and message should be: compare them before you rely on a proof.
type SemaphoreProof struct {
	Depth int // 1 to MaxSemaphoreDepth
	Claim Claim
}

// Verify checks the claim under the ceremony's key of the depth. The errors are those of
// [VerifyingKey.Verify].
func (p *SemaphoreProof) Verify() error {
	vk, err := SemaphoreKey(p.Depth)
	if err != nil {
		return err
	}
	return vk.Verify(&p.Claim)
}

// maxSemaphoreText bounds the JSON text, which without white space has less than 2,000 bytes.
const maxSemaphoreText = 1 << 16

// proofJSON is a proof as it is written, with the members in Semaphore's order.
type proofJSON struct {
	Depth     int                       `json:"merkleTreeDepth"`
	Root      string                    `json:"merkleTreeRoot"`
	Nullifier string                    `json:"nullifier"`
	Message   string                    `json:"message"`
	Scope     string                    `json:"scope"`
	Points    [len(Proof{}) / 32]string `json:"points"`
}

// MarshalJSON returns the JSON text. The error is ErrMalformed if depth, root, nullifier or weight is out of
// range: Semaphore has no weights.
func (p SemaphoreProof) MarshalJSON() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	c := &p.Claim
	out := proofJSON{
		Depth:     p.Depth,
		Root:      inDecimal(c.Membership.Root),
		Nullifier: inDecimal(c.Membership.Nullifier),
		Message:   inDecimal(c.Message),
		Scope:     inDecimal(c.Scope),
	}
	for i := range out.Points {
		out.Points[i] = inDecimal([32]byte(c.Membership.Proof[32*i:]))
	}
	return json.Marshal(out)
}

func inDecimal(b [32]byte) string { return new(big.Int).SetBytes(b[:]).String() }

func (p *SemaphoreProof) check() error {
	if p.Depth < 1 || p.Depth > MaxSemaphoreDepth {
		return fmt.Errorf("%w: depth %d, 1 to %d allowed", ErrMalformed, p.Depth, MaxSemaphoreDepth)
	}
	if p.Claim.Membership.Weight != 0 {
		return fmt.Errorf("%w: weight %d, Semaphore has none", ErrMalformed, p.Claim.Membership.Weight)
	}
	_, err := p.Claim.Inputs()
	return err
}

// UnmarshalJSON reads the JSON text. Every member must be there once and no other; numbers are in decimal
// without sign, leading zeros or exponent; root and nullifier are below r, the root is not zero, scope and
// message are below 2^256 and coordinates of points below p; the text has at most 65,536 bytes. Otherwise the
// error is ErrMalformed and p is unchanged. Whether the proof holds is for Verify to say.
func (p *SemaphoreProof) UnmarshalJSON(text []byte) error {
	if len(text) > maxSemaphoreText {
		return fmt.Errorf("%w: Semaphore proof: %d bytes, at most %d allowed", ErrMalformed, len(text), maxSemaphoreText)
	}
	var parsed SemaphoreProof
	if err := parsed.read(json.NewDecoder(bytes.NewReader(text))); err != nil {
		return fmt.Errorf("%w: Semaphore proof: %w", ErrMalformed, err)
	}
	if err := parsed.check(); err != nil {
		return err
	}
	*p = parsed
	return nil
}

// read reads token by token, since json.Unmarshal lets members appear twice and in any case.
func (p *SemaphoreProof) read(d *json.Decoder) error {
	d.UseNumber()
	if err := delimiter(d, '{'); err != nil {
		return err
	}
	c := &p.Claim
	word := func(into []byte) func() error {
		return func() error { return readDecimal(d, into) }
	}
	members := map[string]func() error{
		"merkleTreeDepth": func() (err error) { p.Depth, err = readDepth(d); return err },
		"merkleTreeRoot":  word(c.Membership.Root[:]),
		"nullifier":       word(c.Membership.Nullifier[:]),
		"message":         word(c.Message[:]),
		"scope":           word(c.Scope[:]),
		"points":          func() error { return readPoints(d, &c.Membership.Proof) },
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		read := members[name]
		if read == nil {
			return fmt.Errorf("member %.40q is unknown or appears twice", name)
		}
		if err := read(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		delete(members, name)
	}
	if err := delimiter(d, '}'); err != nil {
		return err
	}
	if len(members) > 0 {
		return fmt.Errorf("%d members are missing", len(members))
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("text after the end")
	}
	return nil
}

func delimiter(d *json.Decoder, want json.Delim) error {
	if token, err := d.Token(); err != nil || token != want {
		return fmt.Errorf("%q is missing", want.String())
	}
	return nil
}

func readDepth(d *json.Decoder) (int, error) {
	token, err := d.Token()
	if err != nil {
		return 0, err
	}
	number, _ := token.(json.Number)
	depth, _ := strconv.Atoi(number.String())
	if strconv.Itoa(depth) != number.String() { // nor is it if Atoi fails
		return 0, errors.New("not a whole number in decimal")
	}
	return depth, nil
}

// readDecimal reads a text with a number below 2^256.
func readDecimal(d *json.Decoder, into []byte) error {
	const longest = 78 // digits of 2^256-1
	token, err := d.Token()
	if err != nil {
		return err
	}
	digits, _ := token.(string)
	v, ok := new(big.Int), false
	if len(digits) <= longest {
		v, ok = v.SetString(digits, 10)
	}
	if !ok || v.Sign() < 0 || v.BitLen() > 256 || v.String() != digits {
		return errors.New("not a text with a decimal number below 2^256")
	}
	v.FillBytes(into)
	return nil
}

func readPoints(d *json.Decoder, into *Proof) error {
	if err := delimiter(d, '['); err != nil {
		return err
	}
	for i := 0; i < len(into); i += 32 {
		if err := readDecimal(d, into[i:i+32]); err != nil {
			return err
		}
		if new(big.Int).SetBytes(into[i:i+32]).Cmp(fp.Modulus()) >= 0 {
			return errors.New("a coordinate is not below the modulus")
		}
	}
	return delimiter(d, ']')
}

// SemaphoreValue returns the 32 bytes that Semaphore's packages make of a scope or message that is given as
// a text:
//
//   - a text that reads as a number (decimal, or with 0x, 0o or 0b; space around it does not matter; of
//     space alone, or of nothing, 0) is that number, big-endian;
//   - any other text is its UTF-8 bytes, at most 31, followed by zeros.
//
// "42" and "0x2a" are thus one scope, and a text can be the same as a number. A number n given as a number is
// that of its decimal text, and a byte array is read big-endian. The error is ErrMalformed: a text that
// is too long or not UTF-8, a number that is negative or from 2^256 on.
func SemaphoreValue(text string) (value [32]byte, err error) {
	if n, ok := number(text); ok {
		if n.Sign() < 0 || n.BitLen() > 256 {
			return value, fmt.Errorf("%w: a scope or message is a number from 0 to 2^256-1", ErrMalformed)
		}
		n.FillBytes(value[:])
		return value, nil
	}
	if len(text) >= len(value) || !utf8.ValidString(text) {
		return value, fmt.Errorf("%w: a scope or message that is no number is a text of at most %d bytes of UTF-8", ErrMalformed, len(value)-1)
	}
	copy(value[:], text)
	return value, nil
}

// number reads a text as JavaScript's BigInt, with a minus sign before it as the ethers library has it.
func number(text string) (n *big.Int, ok bool) {
	const longest = 1024 // leading zeros included; big.Int takes long for long ones
	if len(text) > longest {
		return nil, false
	}
	digits, negative := text, false
	if strings.HasPrefix(text, "-") && !strings.HasPrefix(text, "--") {
		digits, negative = text[1:], true
	}
	digits = strings.TrimFunc(digits, spaceInJavaScript)
	base := 10
	if len(digits) > 2 && digits[0] == '0' {
		switch digits[1] {
		case 'x', 'X':
			base = 16
		case 'o', 'O':
			base = 8
		case 'b', 'B':
			base = 2
		}
	}
	if digits == "" { // nothing, or space alone
		digits = "0"
	}
	if base != 10 {
		if digits = digits[2:]; digits[0] == '+' || digits[0] == '-' {
			return nil, false
		}
	}
	if n, ok = new(big.Int).SetString(digits, base); !ok {
		return nil, false
	}
	if negative {
		n.Neg(n)
	}
	return n, true
}

func spaceInJavaScript(r rune) bool {
	return strings.ContainsRune("\t\n\v\f\r\u2028\u2029\ufeff", r) || unicode.Is(unicode.Zs, r)
}
