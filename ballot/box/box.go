// Package box is the ballot box: it takes ballots, logs them in a tree that nobody can
// rewrite unseen, and answers with receipts.
//
// The operator opens a [Box] on a directory with [Open]. Box.Cast checks a ballot, makes it
// durable and returns a signed [Receipt], or a signed [Refusal]. Box.Export publishes the log
// as plain files. After the closing time, Box.Seal ends the log for ever with a [Checkpoint]
// that says so.
//
//	b, err := box.Open(dir, m, box.Config{Verifier: v, Key: key, Signatures: signatures})
//	receipt, err := b.Cast(ctx, raw)
//	err = b.Export("/srv/www/log")
//	final, err := b.Seal(ctx)
//
// A voter needs the manifest alone to check what she was given:
//
//	receipt, err := box.ParseReceipt(m, encoded)
//	err = receipt.Verify(m, myBallot)
//
// An auditor reads the published files with [OpenLog] and [Log.Entries], which recompute
// every hash up to the signed root.
//
// Whoever holds a receipt asks [Log.Honours] whether the published log keeps its promise, and
// a [Witness] cosigns what extends all that it has seen. If the operator has cheated, both
// return an [Evidence], a small file that proves it to anyone who has the manifest.
//
// An election may have several boxes, of different operators. Each is opened with its own key;
// [Merge] finds the ballots that count in the logs of all.
//
// # What is kept where
//
// The directory of a box holds three files, or four. ballots.log is the only source of truth: all
// else is rebuilt from it on opening. checkpoint is the last head that was signed; it tells a log
// that was cut back from one that is whole. lock keeps a second process out, as does a lock on
// ballots.log itself where the system has such. A receipt exists only after its ballot and a
// checkpoint that covers it were synced to disk. snapshot spares the opening of a large box the
// parsing of its ballots, and shows if the other files are an older copy.
//
// Move, copy or replace none of these while the box is open: it notices, and stops. And never
// let it go on from a copy that is older than what it signed last; see ErrDamaged.
//
// In memory a voter's first ballot takes about 255 bytes, and another one of hers about 125.
//
// # Secrets
//
// Config.Key signs everything that the box says. Whoever has it can sign a second log.
// Nothing else here is secret, and no log line names a ballot.
//
// The formats are specified in docs/spec/log.md.
package box

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
)

var (
	// ErrLocked means that the box is open already, here or in another process.
	ErrLocked = errors.New("the box is open elsewhere")

	// ErrDamaged means files that contradict each other, or what is known to be signed. Nothing
	// was changed.
	//
	// Never put an older copy of the directory in its place. Ballots that were logged since have
	// receipts; a box that goes on without them signs a second log, and any of these receipts
	// convicts its operator (Evidence). Keep the files as they are, and look for the newest ones: where
	// they were moved to, on the disk that fails, on a replica that was written in step. Such files
	// may take their place if nothing was signed after they were written; give the last head
	// that anybody has to Config.Known. If there are none, the log ends here: publish what is left, and
	// leave it to those who run the election what follows.
	ErrDamaged = errors.New("damaged")

	// ErrStillOpen means that a box cannot be sealed before the manifest's closing time.
	ErrStillOpen = errors.New("the poll is still open")

	errReleased = fmt.Errorf("box: the box was closed: %w", fs.ErrClosed)
)

// Config is what a Box needs besides its directory and manifest.
type Config struct {
	Verifier   *ballot.Verifier   // of the manifest's election
	Key        string             // the log's signer key (note.GenerateKey); the manifest names its other half. Secret.
	Signatures []ballot.Signature // the trustees' signatures of the manifest: without a quorum the box does not open
	Now        func() time.Time   // the clock; nil means time.Now
	Logger     *slog.Logger       // nil means none

	// Known are checkpoints of this box from elsewhere: the one that was exported last, or the ones
	// that mirrors cosigned. Open refuses files that do not hold all that they cover, which is how an
	// older copy of the whole directory shows: by itself it is flawless.
	Known []*Checkpoint
}

// Format hides the key, whatever the verb.
func (Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "box.Config(redacted)") }

// A Box is an open ballot box. Its methods are safe for concurrent use.
type Box struct {
	manifest *ballot.Manifest
	verify   func(context.Context, []*ballot.Ballot) ([]error, error) // Verifier.VerifyBatch
	signer   note.Signer
	now      func() time.Time
	logger   *slog.Logger
	disk     disk
	unlock   func() error

	// gate is held for reading by every Cast that is under way, and for writing by Seal and
	// Close, which therefore wait for the ballots in hand.
	gate sync.RWMutex

	queue queue

	policy    snapshotPolicy
	answered  time.Time  // when the last commit ended; guarded by queue.turn, as is
	expected  int        // how many had an answer by it or waited already
	snapshots sync.Mutex // held while a snapshot is written

	// exporting is held by Export.
	exporting sync.Mutex

	// mu guards what follows. A commit holds it until its ballots and checkpoint are durable,
	// so nobody sees a ballot that a crash could take back.
	mu       sync.RWMutex
	journal  *journal
	rules    *ballot.Rulebook
	hashes   tree        // of all ballots
	places   []place     // of all ballots, in the journal
	finder   finder      // of all ballots, by leaf hash
	covered  uint64      // ballots in the last snapshot
	head     *Checkpoint // the last one that was signed and stored
	failed   error       // the write, sync or panic after which the box refuses all work
	released bool        // Close was called
}

// Open opens the ballot box of m's election in dir, or makes a new one there.
//
// It refuses a manifest that no quorum of trustees signed, a key that is not the manifest's,
// a directory that is open elsewhere (ErrLocked), and files that are not whole, or older than a
// snapshot or a checkpoint of Config.Known (ErrDamaged).
// What a crash in the middle of a commit left at the end of ballots.log, of which nobody has a
// receipt, is removed. Ballots that are in the log already are parsed and pass the rule-book
// again, but their proofs are not verified again: an auditor does that.
func Open(dir string, m *ballot.Manifest, c Config) (*Box, error) {
	if err := makeDirectory(dir); err != nil {
		return nil, fmt.Errorf("box: %w", err)
	}
	unlock, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("box: %s: %w", dir, err)
	}
	d, err := openDirectory(dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("box: %w", err), unlock())
	}
	x, err := open(d, m, c)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("box: %s: %w", dir, err), d.Close(), unlock())
	}
	x.unlock = func() error { return errors.Join(d.Close(), unlock()) }
	return x, nil
}

func open(d disk, m *ballot.Manifest, c Config) (_ *Box, err error) {
	if m == nil {
		return nil, errors.New("no manifest")
	}
	if c.Verifier == nil {
		return nil, errors.New("no verifier: Config.Verifier is nil")
	}
	if id := c.Verifier.Election(); id != m.ID() {
		return nil, fmt.Errorf("%w: Config.Verifier checks ballots of %s, the manifest is that of %s", ballot.ErrUnknownElection, id, m.ID())
	}
	if err := m.CheckSignatures(c.Signatures); err != nil {
		return nil, fmt.Errorf("the manifest is not signed by a quorum of its trustees: %w", err)
	}
	x := &Box{
		manifest: m,
		verify:   c.Verifier.VerifyBatch,
		now:      c.Now,
		logger:   c.Logger,
		disk:     d,
		unlock:   func() error { return nil },
		queue:    newQueue(),
		policy:   usualSnapshots,
	}
	if x.now == nil {
		x.now = time.Now
	}
	if x.logger == nil {
		x.logger = slog.New(slog.DiscardHandler)
	}
	if x.signer, err = note.NewSigner(c.Key); err != nil {
		return nil, fmt.Errorf("the log's signer key: %w", err)
	}
	if _, err := x.sign(&Checkpoint{Hash: sha256.Sum256(nil)}); err != nil {
		return nil, fmt.Errorf("the signer key %s is not that of the manifest's log, or of one of its logs: %w", x.signer.Name(), err)
	}

	var known []*Checkpoint
	begun := false
	for i, k := range c.Known {
		k, err := k.reread(m)
		if err == nil {
			k, err = x.ownCheckpoint(k.Note)
		}
		if err != nil {
			return nil, fmt.Errorf("number %d of Config.Known: %w", i+1, err)
		}
		known = append(known, k)
		begun = begun || k.Size > 0 || k.Closed
	}
	stored, err := readFile(d, checkpointName, maxNoteBytes)
	if err != nil {
		return nil, err
	}
	covers := x.readSnapshotNote()
	if x.journal, err = openJournal(d, m.ID(), stored == nil && covers == nil && !begun); err != nil {
		return nil, err
	}
	if err := x.recover(stored, covers, known); err != nil {
		return nil, errors.Join(err, x.journal.file.Close())
	}
	return x, nil
}

// recover rebuilds everything from the journal, and leaves it and the stored checkpoint whole
// and durable. stored is the stored checkpoint, nil in a box that was never fully made; covers
// is what the snapshot says, nil if there is none.
func (x *Box) recover(stored []byte, covers *snapshotNote, known []*Checkpoint) error {
	var head *Checkpoint
	if stored != nil {
		var err error
		if head, err = x.ownCheckpoint(stored); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	j := x.journal
	var s *snapshot
	if covers != nil {
		s = x.readSnapshot(covers)
	}
	r, err := x.replay(covers, s)
	if err != nil {
		return err
	}
	if head == nil && (j.count > 0 || j.sealed || r.damage != nil) {
		return fmt.Errorf("%w: the file checkpoint is missing, and %s holds %d ballots", ErrDamaged, journalName, j.count)
	}
	if head != nil {
		if err := x.holds(head, r, "the checkpoint"); err != nil {
			return err
		}
	}
	for i, k := range known {
		if err := x.holds(k, r, fmt.Sprintf("number %d of Config.Known", i+1)); err != nil {
			return err
		}
	}
	if r.damage != nil {
		if err := j.cut(r); err != nil {
			return err
		}
		x.logger.Warn("box: removed the end of a commit that was interrupted", "offset", j.end, "bytes", r.size-j.end)
	}
	if err := j.rewriteLast(); err != nil {
		return err
	}
	if err := x.advance(); err != nil {
		return err
	}
	x.logger.Info("box: open", "election", x.manifest.ID(), "ballots", x.head.Size, "voters", x.rules.Voters(), "closed", x.head.Closed)
	return nil
}

// holds checks that the journal, which was read as far as r says, holds what a checkpoint covers.
func (x *Box) holds(c *Checkpoint, r *reading, name string) error {
	j := x.journal
	switch lost := j.count < c.Size || c.Closed && !j.sealed; {
	case lost && r.damage != nil:
		return j.damaged(r, fmt.Sprintf("and %s covers it (%d ballots, closed: %t)", name, c.Size, c.Closed))
	case lost:
		return fmt.Errorf("%w: %s ends after %d ballots; %s says %d, closed: %t", ErrDamaged, journalName, j.count, name, c.Size, c.Closed)
	case c.Closed && j.count > c.Size:
		return fmt.Errorf("%w: %s holds %d ballots; %s says that the log was closed with %d", ErrDamaged, journalName, j.count, name, c.Size)
	}
	root, err := x.hashes.root(c.Size)
	if err != nil {
		return err
	}
	if root != c.Hash {
		return fmt.Errorf("%w: the root of the first %d ballots of %s is %s; %s says %s", ErrDamaged, c.Size, journalName, root, name, c.Hash)
	}
	return nil
}

// apply adds a ballot to everything that is kept in memory, except its place.
func (x *Box) apply(b *ballot.Ballot, leaf tlog.Hash) error {
	index := x.finder.count()
	if _, _, err := x.rules.Apply(b, index); err != nil {
		return err
	}
	return x.addLeaf(index, leaf)
}

func (x *Box) addLeaf(index uint64, leaf tlog.Hash) error {
	x.finder.add(index, leaf)
	return x.hashes.add(index, leaf)
}

// advance signs and stores the checkpoint of the journal as it is.
func (x *Box) advance() error {
	root, err := x.hashes.root(x.journal.count)
	if err != nil {
		return err
	}
	head, err := x.sign(&Checkpoint{Size: x.journal.count, Hash: root, Closed: x.journal.sealed})
	if err != nil {
		return err
	}
	if err := replaceFile(x.disk, checkpointName+".new", checkpointName, head.Note); err != nil {
		return err
	}
	x.head = head
	return nil
}

// sign completes a checkpoint and proves that others can read it.
func (x *Box) sign(c *Checkpoint) (*Checkpoint, error) {
	c.Origin = originOf(x.manifest, x.signer.Name())
	signed, err := note.Sign(&note.Note{Text: c.text()}, x.signer)
	if err != nil {
		return nil, err
	}
	return readCheckpoint(x.manifest, signed)
}

// ownCheckpoint reads a checkpoint of this box, not of another one of the election.
func (x *Box) ownCheckpoint(signed []byte) (*Checkpoint, error) {
	c, err := readCheckpoint(x.manifest, signed)
	if err == nil && c.Origin != originOf(x.manifest, x.signer.Name()) {
		return nil, fmt.Errorf("checkpoint: %w: it is of box %d, %s, this is %s", ballot.ErrInvalid, c.Box, c.Origin, x.signer.Name())
	}
	return c, err
}

// usable returns why the box takes no work. It wants x.mu.
func (x *Box) usable() error {
	if x.released {
		return errReleased
	}
	if x.failed != nil {
		return fmt.Errorf("box: it failed before, open it anew: %w", x.failed)
	}
	return nil
}

// fail makes the box refuse all work: after a write or sync that failed, only reading the files
// anew tells what they hold. It wants x.mu.
func (x *Box) fail(what string, err error) error {
	x.failed = err
	x.logger.Error("box: "+what+" failed; the box takes no more work until it is opened anew", "error", err)
	return fmt.Errorf("box: %s: %w", what, err)
}

// Checkpoint returns the last checkpoint.
func (x *Box) Checkpoint() *Checkpoint {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.head.clone()
}

// Seal ends the poll, for ever: the log is closed, also after it is opened anew, and the
// checkpoint that is returned says so. It may be called again and returns the same one.
//
// The closing time is a promise to the voters, so Seal refuses before it (ErrStillOpen),
// whoever has voted. It waits for the ballots that arrived in time and are being checked.
func (x *Box) Seal(ctx context.Context) (*Checkpoint, error) {
	// First without the gate, at which later ballots wait: a call that comes too early delays none.
	x.mu.RLock()
	sealed, err := x.sealed(ctx)
	x.mu.RUnlock()
	if sealed != nil || err != nil {
		return sealed, err
	}
	x.gate.Lock()
	defer x.gate.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	if sealed, err := x.sealed(ctx); sealed != nil || err != nil {
		return sealed, err
	}
	if err := x.journal.seal(); err != nil {
		return nil, x.fail("write the seal", err)
	}
	if err := x.advance(); err != nil {
		return nil, x.fail("store the checkpoint", err)
	}
	x.writeSnapshot(x.dueSnapshot(x.policy.end))
	x.logger.Info("box: sealed", "ballots", x.head.Size, "root", x.head.Hash)
	return x.head.clone(), nil
}

// sealed returns the final checkpoint if there is one, and an error if it is not the time to
// make it. It wants x.mu.
func (x *Box) sealed(ctx context.Context) (*Checkpoint, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := x.usable(); err != nil {
		return nil, err
	}
	if x.head.Closed {
		return x.head.clone(), nil
	}
	if closes := x.manifest.Closes(); x.now().Unix() < closes {
		return nil, fmt.Errorf("box: %w: it closes at %s", ErrStillOpen, formatTime(closes))
	}
	return nil, nil
}

// Close takes a snapshot, if much was logged since the last one, and releases the files. It does
// not end the poll: a box that was closed can be opened again.
func (x *Box) Close() error {
	x.gate.Lock()
	defer x.gate.Unlock()
	x.exporting.Lock()
	defer x.exporting.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.released {
		return nil
	}
	x.writeSnapshot(x.dueSnapshot(x.policy.end))
	x.released = true
	return errors.Join(x.journal.file.Close(), x.unlock())
}

func formatTime(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }
