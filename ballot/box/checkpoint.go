package box

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/transcript"
)

const (
	// maxNoteBytes leaves room for the cosignatures that a signed note must be able to carry.
	maxNoteBytes = 1 << 17

	// maxLogSize bounds a declared size. It is far below 2^62, where arithmetic on the
	// positions of stored hashes would overflow.
	maxLogSize = 1 << 48

	closedLine = "closed"
)

// A Checkpoint is a head of the log that its operator signed: so many ballots, this root.
// docs/spec/log.md, "Checkpoint".
type Checkpoint struct {
	Origin string    // the manifest's log origin, "/", the election id in hexadecimal
	Size   uint64    // number of ballots
	Hash   tlog.Hash // RFC 6962 root of the tree of these ballots
	Closed bool      // the log ends here, for ever
	Box    int       // the number of the manifest's box whose log this is, from 1
	Note   []byte    // the signed note, as published
}

// ParseCheckpoint reads a checkpoint of m's log and checks the operator's signature under
// the key that m names. Signatures by other keys are allowed and ignored.
func ParseCheckpoint(m *ballot.Manifest, signed []byte) (*Checkpoint, error) {
	c, err := readCheckpoint(m, signed)
	if err != nil {
		return nil, fmt.Errorf("box: %w", err)
	}
	return c, nil
}

func readCheckpoint(m *ballot.Manifest, signed []byte) (*Checkpoint, error) {
	text, number, err := openNote(m, signed)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	c, err := parseHead(text)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	if number == 0 { //check:checkpoint/origin
		return nil, fmt.Errorf("checkpoint: %w", foreign(m, c.Origin))
	}
	c.Box = number
	c.Note = bytes.Clone(signed)
	return c, nil
}

// reread checks a checkpoint that came as a value: its fields must be those that its note says.
func (c *Checkpoint) reread(m *ballot.Manifest) (*Checkpoint, error) {
	if c == nil {
		return nil, fmt.Errorf("%w: no checkpoint", ballot.ErrMalformed)
	}
	signed, err := readCheckpoint(m, c.Note)
	if err != nil {
		return nil, err
	}
	if signed.Digest() != c.Digest() || signed.Box != c.Box {
		return nil, fmt.Errorf("checkpoint: %w: its fields are not those that were signed", ballot.ErrInvalid)
	}
	return signed, nil
}

// Digest is what stands for the checkpoint where another party endorses it. It covers
// origin, size, root and whether the log is closed, and no signature bytes.
func (c *Checkpoint) Digest() [32]byte {
	closed := []byte{0}
	if c.Closed {
		closed[0] = 1
	}
	return transcript.Digest("checkpoint", []byte(c.Origin), binary.BigEndian.AppendUint64(nil, c.Size), c.Hash[:], closed)
}

// text is the text of the note, which is signed.
func (c *Checkpoint) text() string {
	s := fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Hash)
	if c.Closed {
		s += closedLine + "\n"
	}
	return s
}

func (c *Checkpoint) clone() *Checkpoint {
	d := *c
	d.Note = bytes.Clone(c.Note)
	return &d
}

// parseHead is the inverse of text.
func parseHead(text string) (*Checkpoint, error) {
	text, found := strings.CutSuffix(text, "\n")
	lines := strings.Split(text, "\n")
	if !found || len(lines) != 3 && len(lines) != 4 {
		return nil, fmt.Errorf("%w: %d lines, 3 or 4 wanted", ballot.ErrMalformed, len(lines))
	}
	c := &Checkpoint{Origin: lines[0], Closed: len(lines) == 4}
	var err error
	if c.Size, err = parseDecimal(lines[1]); err != nil {
		return nil, fmt.Errorf("size: %w", err)
	}
	if c.Hash, err = parseHash(lines[2]); err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	if c.Closed && lines[3] != closedLine {
		return nil, fmt.Errorf("%w: unknown extension line %q", ballot.ErrMalformed, lines[3])
	}
	if empty, _ := tlog.TreeHash(0, nil); c.Size == 0 && c.Hash != empty {
		return nil, fmt.Errorf("%w: the root of no ballots is %s", ballot.ErrMalformed, empty)
	}
	return c, nil
}

// origin names the log of one election: the first line of every note that its box signs.
func origin(m *ballot.Manifest) string { return originOf(m, m.Log().Origin) }

func originOf(m *ballot.Manifest, logOrigin string) string {
	id := m.ID()
	return fmt.Sprintf("%s/%x", logOrigin, id[:])
}

// foreign is the error for a note that a box of m signed, under an origin that m does not name.
func foreign(m *ballot.Manifest, line string) error {
	return fmt.Errorf("%w: its origin is %q, %q wanted", ballot.ErrUnknownElection, line, origin(m))
}

// openNote returns the text of a note that one of m's boxes signed, and the box's number. The
// first line says which, and the signature must be by that box's key: others do not matter. If it
// names none, any box's signature will do, and the number is 0.
func openNote(m *ballot.Manifest, signed []byte) (text string, number int, err error) {
	if len(signed) > maxNoteBytes {
		return "", 0, fmt.Errorf("%w: %d bytes, at most %d allowed", ballot.ErrMalformed, len(signed), maxNoteBytes)
	}
	line, _, _ := bytes.Cut(signed, []byte("\n"))
	logs := m.Logs()
	number = 1 + slices.IndexFunc(logs, func(l ballot.LogInfo) bool { return originOf(m, l.Origin) == string(line) })
	if number > 0 {
		logs = logs[number-1 : number]
	}
	var verifiers []note.Verifier
	var names []string
	for _, l := range logs {
		v, err := note.NewVerifier(l.Key)
		if err != nil {
			return "", 0, fmt.Errorf("%w: the manifest's log key: %v", ballot.ErrMalformed, err)
		}
		verifiers = append(verifiers, v)
		names = append(names, v.Name())
	}
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	switch err.(type) {
	case nil:
	case *note.UnverifiedNoteError, *note.InvalidSignatureError:
		return "", 0, fmt.Errorf("%w: not signed by %s with the manifest's key: %v", ballot.ErrInvalid, strings.Join(names, " or "), err)
	default:
		return "", 0, fmt.Errorf("%w: %v", ballot.ErrMalformed, err)
	}
	// The lines themselves: of several of one name and hash note.Open keeps the first alone.
	for line := range strings.Lines(string(signed[len(n.Text)+len("\n"):])) {
		name, encoded, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(line, "— "), "\n"), " ")
		if b, err := base64.StdEncoding.DecodeString(encoded); err != nil || base64.StdEncoding.EncodeToString(b) != encoded { //check:checkpoint/canonical
			return "", 0, fmt.Errorf("%w: the signature of %.64q is not canonical base64", ballot.ErrMalformed, name)
		}
	}
	return n.Text, number, nil
}

func parseDecimal(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, fmt.Errorf("%w: %q is no decimal number", ballot.ErrMalformed, s)
	}
	if n > maxLogSize {
		return 0, fmt.Errorf("%w: %d is above 2^48", ballot.ErrMalformed, n)
	}
	return n, nil
}

func parseHash(s string) (tlog.Hash, error) {
	var h tlog.Hash
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != len(h) || base64.StdEncoding.EncodeToString(b) != s {
		return h, fmt.Errorf("%w: %q is no hash in base64", ballot.ErrMalformed, s)
	}
	return tlog.Hash(b), nil
}
