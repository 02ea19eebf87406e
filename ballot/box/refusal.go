package box

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/scrutin/scrutin/ballot"
)

const (
	refusedLine = "refused"

	// maxReasonBytes bounds the last line of a refusal, and maxExplanation what of it follows the kind.
	maxReasonBytes = 600
	maxExplanation = 500
)

// refusalKinds are the words with which the reason of a refusal begins.
var refusalKinds = []struct {
	word string
	kind error
}{
	{"malformed", ballot.ErrMalformed},
	{"unknown election", ballot.ErrUnknownElection},
	{"closed", ballot.ErrClosed},
	{"duplicate", ballot.ErrDuplicate},
	{"sequence", ballot.ErrSequence},
	{"unknown key", ballot.ErrUnknownKey},
	{"vote", ballot.ErrVote},
	{"invalid", ballot.ErrInvalid},
}

// A Refusal is the signed answer to a ballot that the box did not accept. errors.Is finds
// its kind (ballot.ErrMalformed, ballot.ErrInvalid, ballot.ErrUnknownElection,
// ballot.ErrSequence, ballot.ErrClosed, ballot.ErrUnknownKey, ...).
// docs/spec/log.md, "Refusal".
type Refusal struct {
	Box    int      // the number of the manifest's box that refused, from 1
	Ballot [32]byte // SHA-256 of the bytes that were refused
	Reason string   // one line: the kind, ": ", what is wrong
	Note   []byte   // the signed note
	kind   error
}

// VerifyRefusal reads a refusal by m's box and checks its signature.
func VerifyRefusal(m *ballot.Manifest, signed []byte) (*Refusal, error) {
	text, number, err := openNote(m, signed)
	if err != nil {
		return nil, fmt.Errorf("box: refusal: %w", err)
	}
	lines := strings.Split(text, "\n")
	if len(lines) != 5 || lines[1] != refusedLine {
		return nil, fmt.Errorf("box: refusal: %w: not a refusal", ballot.ErrMalformed)
	}
	if number == 0 {
		return nil, fmt.Errorf("box: refusal: %w", foreign(m, lines[0]))
	}
	digest, err := hex.DecodeString(lines[2])
	if err != nil || len(digest) != 32 || hex.EncodeToString(digest) != lines[2] {
		return nil, fmt.Errorf("box: refusal: %w: %q is no digest in hexadecimal", ballot.ErrMalformed, lines[2])
	}
	word, explanation, _ := strings.Cut(lines[3], ": ")
	if explanation == "" || len(lines[3]) > maxReasonBytes || strings.ContainsFunc(lines[3], unprintable) {
		return nil, fmt.Errorf("box: refusal: %w: %.100q is no reason: a kind, \": \", an explanation, at most %d bytes of printable ASCII", ballot.ErrMalformed, lines[3], maxReasonBytes)
	}
	for _, k := range refusalKinds {
		if k.word == word {
			return &Refusal{Box: number, Ballot: [32]byte(digest), Reason: lines[3], Note: bytes.Clone(signed), kind: k.kind}, nil
		}
	}
	return nil, fmt.Errorf("box: refusal: %w: unknown reason %q", ballot.ErrMalformed, lines[3])
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("box: ballot %x refused: %s", r.Ballot[:4], r.Reason)
}

func (r *Refusal) Unwrap() error { return r.kind }

// refuse signs a refusal for the reason that err gives.
func refuse(m *ballot.Manifest, s note.Signer, digest [32]byte, reason error) (*Refusal, error) {
	word, kind := "invalid", ballot.ErrInvalid
	for _, k := range refusalKinds {
		if errors.Is(reason, k.kind) {
			word, kind = k.word, k.kind
			break
		}
	}
	number := 1 + slices.IndexFunc(m.Logs(), func(l ballot.LogInfo) bool { return l.Origin == s.Name() })
	r := &Refusal{Box: number, Ballot: digest, Reason: word + ": " + printable(reason.Error()), kind: kind}
	var err error
	r.Note, err = note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%s\n%x\n%s\n", originOf(m, s.Name()), refusedLine, digest, r.Reason)}, s)
	if err != nil {
		return nil, fmt.Errorf("box: sign a refusal: %w", err)
	}
	return r, nil
}

// printable makes one line of ASCII out of a text that may quote what a stranger sent.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unprintable(r) {
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), maxExplanation)]
}

func unprintable(r rune) bool { return r < ' ' || r > '~' }
