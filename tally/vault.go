package tally

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
)

// ErrPassphrase is the kind of the error for a passphrase that does not open a file.
var ErrPassphrase = errors.New("wrong passphrase")

// ErrRefused is the kind of a refusal to sign or send what does not agree with what was signed
// or sent before.
var ErrRefused = errors.New("refused")

// ScryptWorkFactor is the base-2 logarithm of scrypt's cost N for the files of trustees and
// organisers: 128 MiB and a fraction of a second for each guess at a passphrase.
const ScryptWorkFactor = 17

// scryptWorkFactor is lowered by this package's tests.
var scryptWorkFactor = ScryptWorkFactor

// vault is a secret seed at rest, and a journal of what was signed with it.
//
// The seed is in the file at path, encrypted with a passphrase in age's format. The journal, at
// path.journal, is not secret: a list of names, each with a value that is written once and never
// changes. It is on the disk before anything that depends on it leaves the process. Every access
// is made under the lock path.lock and reads the journal anew, so that two processes that opened
// one vault keep its rules together.
type vault struct {
	path string
	kind string // "trustee" or "organiser"
	seed [32]byte
	x    babyjub.Scalar // the signing key, from the seed
	y    babyjub.Point
	key  [64]byte // y
}

// vaultDocument is what the encrypted file holds.
type vaultDocument struct {
	Format string     `json:"format"`
	Seed   wire.Hex32 `json:"seed"`
}

// journal is the state beside the encrypted file.
type journal struct {
	Complete bool                `json:"complete"` // the encrypted file was written
	Entries  map[string]wire.Hex `json:"entries"`
	Format   string              `json:"format"`
	Key      wire.Hex            `json:"key"`
}

const (
	maxVaultFile   = 1 << 12
	maxJournalFile = 1 << 24
)

// openVault opens the vault at path, or makes it if there is none.
func openVault(path, kind string, passphrase []byte) (*vault, error) {
	v := &vault{path: path, kind: kind}
	if len(passphrase) == 0 {
		return nil, v.errorf("%w: it is empty", ErrPassphrase)
	}
	var err error
	if v.path, err = resolve(path); err != nil {
		return nil, v.errorf("%w", err)
	}
	var sealed []byte
	var j *journal
	err = v.locked(func() error {
		var err error
		if sealed, err = readLimited(v.path, maxVaultFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		exists := err == nil
		if exists {
			keepPrivate(v.path)
		}
		j, err = v.readJournal()
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		case exists && err != nil:
			return fmt.Errorf("%w: %s is missing: it records what this key signed, and the key must sign nothing twice; find it, or use a new key", ErrRefused, v.journalPath())
		case exists && !j.Complete:
			j.Complete = true
			return v.writeJournal(j)
		case exists:
			return nil
		case err == nil && j.Complete:
			return fmt.Errorf("%w: the file is missing, but %s belongs to it; find it, or use another path for a new key", ErrRefused, v.journalPath())
		}
		j, err = v.create(passphrase)
		return err
	})
	if err != nil {
		return nil, v.errorf("%w", err)
	}
	if sealed != nil {
		if err := v.unseal(sealed, passphrase); err != nil {
			return nil, v.errorf("%w", err)
		}
	}
	if !bytes.Equal(j.Key, v.key[:]) {
		return nil, v.errorf("%w: %s is of another key", ErrRefused, v.journalPath())
	}
	return v, nil
}

// resolve returns the absolute path of the file that path leads to, so that one key has one
// journal: a journal that is a symbolic link would be replaced by a file, and the one behind
// it would stay as it was.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	file, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil // it is to be created
	}
	return file, err
}

// create makes the two files. The journal comes first and is marked complete last: a crash on
// the way leaves a journal that says that no key was ever in use.
func (v *vault) create(passphrase []byte) (*journal, error) {
	rand.Read(v.seed[:])
	v.derive()
	sealed, err := v.seal(passphrase)
	if err != nil {
		return nil, err
	}
	j := &journal{Entries: map[string]wire.Hex{}, Format: v.journalFormat(), Key: v.key[:]}
	if err := v.writeJournal(j); err != nil {
		return nil, err
	}
	if err := writeDurably(v.path, sealed); err != nil {
		return nil, err
	}
	j.Complete = true
	return j, v.writeJournal(j)
}

// derive computes the signing key.
func (v *vault) derive() {
	t := transcript.New(v.kind+"-key").Derive("seed", v.seed[:])
	v.x.SetUniformBytes(t.Challenge("key", 64))
	v.y.ScalarBaseMul(&v.x)
	v.key = v.y.Bytes()
}

func (v *vault) seal(passphrase []byte) ([]byte, error) {
	recipient, err := age.NewScryptRecipient(string(passphrase))
	if err != nil {
		return nil, err
	}
	recipient.SetWorkFactor(scryptWorkFactor)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, recipient)
	if err != nil {
		return nil, err
	}
	plain := mustMarshal(vaultDocument{Format: v.format(), Seed: v.seed})
	defer clear(plain)
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (v *vault) unseal(sealed, passphrase []byte) error {
	identity, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		return err
	}
	identity.SetMaxWorkFactor(ScryptWorkFactor) // age takes up to 22, which is 4 GiB, on the file's word
	r, err := age.Decrypt(bytes.NewReader(sealed), identity)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return fmt.Errorf("%w, or the file is damaged", ErrPassphrase)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxVaultFile))
	defer clear(plain)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	var d vaultDocument
	if wire.UnmarshalCanonical(plain, &d) != nil || d.Format != v.format() {
		// The content is secret: not even a parser's error about it is passed on.
		return fmt.Errorf("%w: it does not hold a key of format %s", ErrMalformed, v.format())
	}
	v.seed = d.Seed
	v.derive()
	return nil
}

// remember writes value under name if there is nothing yet, and returns what is there.
func (v *vault) remember(name string, value []byte) (stored []byte, err error) {
	err = v.locked(func() error {
		j, err := v.ownJournal()
		if err != nil {
			return err
		}
		if old, ok := j.Entries[name]; ok {
			stored = old
			return nil
		}
		stored = value
		j.Entries[name] = value
		return v.writeJournal(j)
	})
	if err != nil {
		return nil, v.errorf("%w", err)
	}
	return stored, nil
}

// entries returns all that is written so far.
func (v *vault) entries() (entries map[string]wire.Hex, err error) {
	err = v.locked(func() error {
		j, err := v.ownJournal()
		if err == nil {
			entries = j.Entries
		}
		return err
	})
	if err != nil {
		return nil, v.errorf("%w", err)
	}
	return entries, nil
}

// ownJournal reads the journal and checks that it is this key's.
func (v *vault) ownJournal() (*journal, error) {
	j, err := v.readJournal()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(j.Key, v.key[:]) {
		return nil, fmt.Errorf("%w: %s is of another key", ErrRefused, v.journalPath())
	}
	return j, nil
}

// once makes value the only one that name will ever have, or refuses because there is another.
func (v *vault) once(name string, value [32]byte, refusal string) error {
	stored, err := v.remember(name, value[:])
	if err != nil {
		return err
	}
	if !bytes.Equal(stored, value[:]) {
		return v.errorf("%w: %s (%x before, %x now)", ErrRefused, refusal, stored, value)
	}
	return nil
}

func (v *vault) format() string        { return "scrutin/" + v.kind + "/v1" }
func (v *vault) journalFormat() string { return "scrutin/" + v.kind + "-journal/v1" }
func (v *vault) journalPath() string   { return v.path + ".journal" }

func (v *vault) readJournal() (*journal, error) {
	b, err := readLimited(v.journalPath(), maxJournalFile)
	if err != nil {
		return nil, err
	}
	j := new(journal)
	if err := wire.UnmarshalCanonical(b, j); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrMalformed, v.journalPath(), err)
	}
	if j.Format != v.journalFormat() || j.Entries == nil {
		return nil, fmt.Errorf("%w: %s: format %q, %q wanted", ErrMalformed, v.journalPath(), j.Format, v.journalFormat())
	}
	return j, nil
}

func (v *vault) writeJournal(j *journal) error {
	return writeDurably(v.journalPath(), mustMarshal(j))
}

func (v *vault) errorf(format string, args ...any) error {
	return fmt.Errorf("tally: %s file %s: %w", v.kind, v.path, fmt.Errorf(format, args...))
}

// lockPatience is how long locked waits for another process, which needs milliseconds.
const lockPatience = 10 * time.Second

// locked runs f while no other process or goroutine runs one for the same path.
func (v *vault) locked(f func() error) error {
	path := v.path + ".lock"
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		unlock, err := tryLock(path)
		if err == nil {
			defer unlock()
			return f()
		}
		if !errors.Is(err, errLocked) {
			return err
		}
		if time.Since(start) > lockPatience {
			return fmt.Errorf("%w: another process uses the key: %s is held", ErrRefused, path)
		}
	}
}

// errLocked means that somebody else holds a lock.
var errLocked = errors.New("locked")

// writeDurably replaces the file at path as a whole; when it returns, the new content survives a
// crash. The file is readable by its owner alone.
func writeDurably(path string, content []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	return syncDir(dir)
}

// keepPrivate makes a file that others may read or write its owner's alone, as a copy put back from elsewhere may not
// be. Some file systems have no modes: it is encrypted all the same.
func keepPrivate(path string) {
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		_ = os.Chmod(path, 0o600)
	}
}

func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%w: %s has more than %d bytes", ErrMalformed, path, limit)
	}
	return b, err
}
