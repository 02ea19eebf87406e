package box

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
)

// ErrNotExtended means a checkpoint that was not shown to extend the last one that a witness
// cosigned. It is a refusal, and no proof: the checkpoint may be an old one, or the proof wrong.
var ErrNotExtended = errors.New("not shown to extend the checkpoint that was cosigned last")

// WitnessConfig is what a Witness needs besides its file and the manifest.
type WitnessConfig struct {
	Key string           // from GenerateWitnessKey. Secret.
	Now func() time.Time // the clock; nil means time.Now
}

// Format hides the key, whatever the verb.
func (WitnessConfig) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "box.WitnessConfig(redacted)")
}

// A Witness cosigns the checkpoints of one box (c2sp.org/tlog-cosignature). It remembers the last
// one durably, and cosigns no other that does not extend it, so a box that shows two logs to two
// readers cannot have both cosigned. Its methods are safe for concurrent use.
type Witness struct {
	manifest *ballot.Manifest
	signer   *cosigner
	now      func() time.Time
	disk     disk
	name     string
	unlock   func() error

	mirroring sync.Mutex // held by Mirror, before mu

	mu      sync.Mutex
	last    *Checkpoint // with the cosignature; nil if there is none
	unsaved *Checkpoint // what comes after last, if it could not be stored; its cosignature never left the witness
	closed  bool
}

// OpenWitness opens the witness that remembers in a file, or makes a new one there, which takes
// the first checkpoint that it is shown on trust. The file is the checkpoint that was cosigned
// last. To lose it, or to put an older copy in its place, is to forget what was seen.
//
// It refuses a file that is open elsewhere (ErrLocked), and one that is not a checkpoint of m that
// this key cosigned (ErrDamaged).
func OpenWitness(file string, m *ballot.Manifest, c WitnessConfig) (*Witness, error) {
	w, err := openWitness(file, m, c)
	if err != nil {
		return nil, fmt.Errorf("box: witness: %s: %w", file, err)
	}
	return w, nil
}

func openWitness(file string, m *ballot.Manifest, c WitnessConfig) (*Witness, error) {
	signer, err := newCosigner(c.Key)
	if err != nil {
		return nil, err
	}
	dir, name := filepath.Split(filepath.Clean(file))
	dir = filepath.Clean(dir)
	if err := makeDirectory(dir); err != nil {
		return nil, err
	}
	unlock, err := lock(filepath.Join(dir, name+".lock"))
	if err != nil {
		return nil, err
	}
	d, err := openDirectory(dir)
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	release := func() error { return errors.Join(d.Close(), unlock()) }
	w := &Witness{manifest: m, signer: signer, now: c.Now, disk: d, name: name, unlock: release}
	if w.now == nil {
		w.now = time.Now
	}
	if err := w.load(); err != nil {
		return nil, errors.Join(err, release())
	}
	return w, nil
}

func (w *Witness) load() error {
	b, err := readFile(w.disk, w.name, maxNoteBytes)
	if err != nil || b == nil {
		return err
	}
	last, err := readCheckpoint(w.manifest, b)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if len(last.Cosignatures(w.signer.WitnessKey)) != 1 {
		return fmt.Errorf("%w: the checkpoint is not cosigned with the key of %s", ErrDamaged, w.signer.Name())
	}
	w.last = last
	return nil
}

// Format writes the witness's name alone, whatever the verb.
func (w *Witness) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "Witness(%s)", w.signer.Name()) }

// Key returns the public key, which those who rely on the witness must know.
func (w *Witness) Key() *WitnessKey { return w.signer.WitnessKey }

// Last returns the checkpoint that was cosigned last; nil if there is none.
func (w *Witness) Last() *Checkpoint {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil {
		return nil
	}
	return w.last.clone()
}

// Cosign takes a checkpoint that the box signed, with the proof that it extends Last (that of
// CheckConsistency; none if there is no last one or its size is the same or 0), and returns its
// note with the cosignature. Before that, the checkpoint is remembered durably. If the disk fails,
// the next call stores it first, and goes on if the disk has recovered.
//
// What does not extend the last checkpoint is refused with ErrNotExtended, or, if the two notes
// alone prove that the operator has cheated, with an *Evidence. If they do not and the proof
// fails, CheckConsistency finds the evidence in the tiles.
func (w *Witness) Cosign(signed []byte, p tlog.TreeProof) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b, err := w.cosign(signed, p)
	if err != nil {
		return nil, fmt.Errorf("box: witness: %w", err)
	}
	return b, nil
}

func (w *Witness) cosign(signed []byte, p tlog.TreeProof) ([]byte, error) {
	if err := w.usable(); err != nil {
		return nil, err
	}
	c, err := readCheckpoint(w.manifest, signed)
	if err != nil {
		return nil, err
	}
	if w.last != nil {
		if err := w.extends(c, p); err != nil {
			return nil, err
		}
	}
	c, err = w.add(c)
	if err != nil {
		return nil, err
	}
	w.unsaved = c
	if err := w.save(); err != nil {
		return nil, err
	}
	return c.clone().Note, nil
}

// usable returns why the witness takes no work. It wants w.mu. What an earlier write failed to
// store may be in the file or not, and was seen: nothing else is done before it is stored.
func (w *Witness) usable() error {
	if w.closed {
		return errWitnessClosed
	}
	if w.unsaved != nil {
		return w.save()
	}
	return nil
}

func (w *Witness) save() error {
	if err := replaceFile(w.disk, w.name+".new", w.name, w.unsaved.Note); err != nil {
		return err
	}
	w.last, w.unsaved = w.unsaved, nil
	return nil
}

// extends checks that c extends the last checkpoint.
func (w *Witness) extends(c *Checkpoint, p tlog.TreeProof) error {
	last := w.last
	switch {
	case c.Origin != last.Origin:
		return fmt.Errorf("%w: the checkpoint is of %s, the last one of %s", ErrNotExtended, c.Origin, last.Origin)
	case c.Size == last.Size && c.Hash != last.Hash:
		return proven(w.manifest, &Evidence{Kind: Forked, First: last, Second: c})
	case last.Closed && c.Size > last.Size:
		return proven(w.manifest, &Evidence{Kind: Reopened, First: last, Second: c})
	case c.Closed && c.Size < last.Size:
		return proven(w.manifest, &Evidence{Kind: Reopened, First: c, Second: last})
	case c.Size < last.Size || last.Closed && !c.Closed:
		return fmt.Errorf("%w: it has %d ballots, closed: %t; the last one has %d, closed: %t", ErrNotExtended, c.Size, c.Closed, last.Size, last.Closed)
	case c.Size == last.Size || last.Size == 0:
		return nil
	}
	if err := checkExtension(p, c, last.Size, last.Hash); err != nil {
		return fmt.Errorf("%w: %w", ErrNotExtended, err)
	}
	return nil
}

// add returns c with the cosignature of now. The lines of other witnesses stay, unless so many of
// them came that no reader would take one more.
func (w *Witness) add(c *Checkpoint) (*Checkpoint, error) {
	now := w.now().Unix()
	if now <= 0 {
		return nil, fmt.Errorf("the clock says %s", formatTime(now))
	}
	signer := *w.signer
	signer.seconds = uint64(now)
	operator, err := note.NewVerifier(w.manifest.Logs()[c.Box-1].Key)
	if err != nil {
		return nil, err
	}
	n, err := note.Open(c.Note, note.VerifierList(operator))
	if err != nil {
		return nil, err
	}
	cosigned, err := w.sign(n, &signer)
	if err != nil {
		n.UnverifiedSigs = nil
		return w.sign(n, &signer)
	}
	return cosigned, nil
}

// sign returns the checkpoint of the note with one line more.
func (w *Witness) sign(n *note.Note, s note.Signer) (*Checkpoint, error) {
	b, err := note.Sign(n, s)
	if err != nil {
		return nil, err
	}
	return readCheckpoint(w.manifest, b)
}

// Close releases the file.
func (w *Witness) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	return w.unlock()
}

var errWitnessClosed = errors.New("the witness was closed")
