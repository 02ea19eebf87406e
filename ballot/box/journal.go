package box

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/scrutin/scrutin/ballot"
)

// The journal, ballots.log, is the box's only source of truth: a header, then one record
// for each commit, that is for the ballots that one fsync made durable.
// docs/spec/log.md, "The box directory".
//
//	header   "scrutin/v1/box\n", election id in hexadecimal, "\n"
//	record   tag (4), index of its first ballot (u64), payload length (u32), sum (32), payload
//	sum      SHA-256 of header || tag || index || length || payload
//	payload  of a "cast" record: ballots, each with a u16 length; of the "seal" record: empty
//
// Since a commit is one record, and since the next one starts only after the last is
// durable, a crash damages nothing but the last record.
type journal struct {
	disk   disk
	file   file
	header []byte
	last   int64  // where the last record begins, or the header
	end    int64  // where the next record goes
	count  uint64 // ballots
	sealed bool

	// chain stands for all records: SHA-256 of the header at first, then with every record
	// SHA-256 of what it was before and the record's sum.
	chain [sha256.Size]byte
}

const (
	journalName  = "ballots.log"
	journalMagic = "scrutin/v1/box\n"

	castTag = "cast"
	sealTag = "seal"

	prefixSize = 4 + 8 + 4
	recordSize = prefixSize + sha256.Size // without its payload
	maxBatch   = 256                      // ballots of a record
	maxEntry   = 1<<16 - 1                // bytes of a ballot, an entry bundle's limit
	maxPayload = maxBatch * (2 + maxEntry)
)

// A place is where a ballot stands in the journal: offset << 16 | length.
type place uint64

func newPlace(offset int64, length int) place { return place(offset)<<16 | place(length) }
func (p place) offset() int64                 { return int64(p >> 16) }
func (p place) length() int                   { return int(p & (1<<16 - 1)) }

func journalHeader(id ballot.ElectionID) []byte {
	return fmt.Appendf(nil, "%s%x\n", journalMagic, id[:])
}

// openJournal opens and locks the journal of an election. If there is none, it makes one in a
// new box.
func openJournal(d disk, id ballot.ElectionID, isNew bool) (*journal, error) {
	j := &journal{disk: d, header: journalHeader(id)}
	j.rewind()
	f, err := d.Open(journalName)
	if errors.Is(err, fs.ErrNotExist) {
		if !isNew {
			return nil, fmt.Errorf("%w: %s is missing, and a checkpoint, a snapshot or Config.Known says that there was one", ErrDamaged, journalName)
		}
		if err := replaceFile(d, journalName+".new", journalName, j.header); err != nil {
			return nil, err
		}
		f, err = d.Open(journalName)
	}
	if err != nil {
		return nil, err
	}
	j.file = f
	if err := errors.Join(f.Lock(), j.inPlace()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	have := make([]byte, len(j.header))
	n, err := f.ReadAt(have, 0)
	if err != nil && err != io.EOF {
		return nil, errors.Join(err, f.Close())
	}
	if !bytes.Equal(have[:n], j.header) {
		f.Close()
		return nil, fmt.Errorf("%w: %s begins with %q, %q wanted: damaged, or of another election", ErrDamaged, journalName, have[:n], j.header)
	}
	return j, nil
}

// inPlace fails if the open file is no more the one that the box's path leads to: it was removed,
// or the directory was moved. Who opens the box next does not find what is written then.
func (j *journal) inPlace() error {
	if err := j.disk.Check(journalName, j.file); err != nil {
		return fmt.Errorf("%w: %s was moved, removed or replaced while the box had it open: %w", ErrDamaged, journalName, err)
	}
	return nil
}

// rewind goes back to before the first record.
func (j *journal) rewind() {
	j.last, j.end, j.count, j.sealed = 0, int64(len(j.header)), 0, false
	j.chain = sha256.Sum256(j.header)
}

// extend adds a record's sum to the chain.
func (j *journal) extend(sum [sha256.Size]byte) {
	j.chain = sha256.Sum256(append(j.chain[:], sum[:]...))
}

// A reading is where read stopped: at the end of the file, or at a record that is not whole.
type reading struct {
	size   int64 // of the file
	damage error // what is wrong at journal.end; nil at the end of the file
}

// read reads the records, calling visit for every ballot, and stops before the first record
// that is not whole. It calls between at the end of each record, and before the first.
func (j *journal) read(between func() error, visit func(raw []byte, p place) error) (*reading, error) {
	size, err := j.file.Size()
	if err != nil {
		return nil, err
	}
	out := &reading{size: size}
	r := bufio.NewReaderSize(io.NewSectionReader(j.file, j.end, size-j.end), 1<<18)
	var rec record
	for {
		if err := between(); err != nil {
			return nil, err
		}
		if j.end >= size {
			return out, nil
		}
		damage, err := j.readRecord(r, size, &rec)
		if err != nil {
			return nil, err
		}
		if out.damage = damage; damage != nil {
			return out, nil
		}
		if j.sealed {
			return nil, fmt.Errorf("%w: %s: a record at offset %d, after the seal", ErrDamaged, journalName, j.end)
		}
		if rec.tag == sealTag {
			j.sealed = true
		}
		at := j.end + recordSize
		for rest := rec.payload; len(rest) > 0; {
			raw, tail, ok := cutEntry(rest)
			if !ok {
				return nil, fmt.Errorf("%w: %s: the record at offset %d has a good sum and no whole ballots", ErrDamaged, journalName, j.end)
			}
			at += 2
			if err := visit(raw, newPlace(at, len(raw))); err != nil {
				return nil, fmt.Errorf("%s: ballot %d at offset %d: %w", journalName, j.count, at, err)
			}
			at += int64(len(raw))
			j.count++
			rest = tail
		}
		j.last, j.end = j.end, at
		j.extend(rec.sum)
	}
}

// A record is what readRecord read last.
type record struct {
	tag     string
	sum     [sha256.Size]byte
	payload []byte // its memory is used again
}

// readRecord reads the record at j.end. A record that is not whole is a damage; err is for
// a disk that does not answer.
func (j *journal) readRecord(r io.Reader, size int64, rec *record) (damage, err error) {
	var head [recordSize]byte
	if _, err := io.ReadFull(r, head[:]); err == io.ErrUnexpectedEOF {
		return errors.New("it is cut short"), nil
	} else if err != nil {
		return nil, err
	}
	n, damage := j.checkPrefix(head[:prefixSize], j.count)
	if damage == nil && n > size-j.end-recordSize {
		damage = fmt.Errorf("it is cut short, or its length %d is wrong", n)
	}
	if damage != nil {
		return damage, nil
	}
	rec.tag, rec.sum = string(head[:4]), [sha256.Size]byte(head[prefixSize:])
	rec.payload = slices.Grow(rec.payload[:0], int(n))[:n]
	if _, err := io.ReadFull(r, rec.payload); err != nil {
		return nil, err
	}
	if j.sum(head[:prefixSize], rec.payload) != rec.sum {
		return errors.New("its checksum is wrong"), nil
	}
	return nil, nil
}

// checkPrefix checks the start of a record of which count ballots stand before it, and
// returns its payload's length.
func (j *journal) checkPrefix(prefix []byte, count uint64) (int64, error) {
	tag, first, n := string(prefix[:4]), binary.BigEndian.Uint64(prefix[4:]), binary.BigEndian.Uint32(prefix[12:])
	switch {
	case tag != castTag && tag != sealTag:
		return 0, fmt.Errorf("its tag is %q", tag)
	case first != count:
		return 0, fmt.Errorf("its first ballot is number %d, %d wanted", first, count)
	case n > maxPayload, (n == 0) != (tag == sealTag):
		return 0, fmt.Errorf("its length %d is impossible", n)
	}
	return int64(n), nil
}

func (j *journal) sum(prefix, payload []byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	h.Write(j.header)
	h.Write(prefix)
	h.Write(payload)
	h.Sum(sum[:0])
	return sum
}

// cut removes what follows the last whole record, if that is what a crash leaves: the remains of
// one record with nothing good behind it. The caller knows that no receipt depends on it.
func (j *journal) cut(r *reading) error {
	tail := r.size - j.end
	if tail > recordSize+maxPayload {
		return j.damaged(r, fmt.Sprintf("and %d bytes follow, more than a crash leaves", tail))
	}
	b := make([]byte, tail)
	if _, err := j.file.ReadAt(b, j.end); err != nil && err != io.EOF {
		return err
	}
	for i := 1; i+recordSize <= len(b); i++ {
		if tag := string(b[i : i+4]); tag != castTag && tag != sealTag {
			continue
		}
		prefix := b[i : i+prefixSize]
		n, err := j.checkPrefix(prefix, binary.BigEndian.Uint64(prefix[4:]))
		if err != nil || n > int64(len(b)-i-recordSize) {
			continue
		}
		payload := b[i+recordSize : i+recordSize+int(n)]
		if j.sum(prefix, payload) == [sha256.Size]byte(b[i+prefixSize:i+recordSize]) {
			return j.damaged(r, fmt.Sprintf("and a good record follows at offset %d", j.end+int64(i)))
		}
	}
	if err := j.file.Truncate(j.end); err != nil {
		return err
	}
	return j.file.Sync()
}

func (j *journal) damaged(r *reading, why string) error {
	return fmt.Errorf("%w: %s: the record at offset %d, after %d ballots: %v, %s", ErrDamaged, journalName, j.end, j.count, r.damage, why)
}

// rewriteLast writes the last record again, as it is, and syncs it. All records before it were
// durable before it was written; of itself that is not known: after an fsync that failed, a
// system may hold for clean what never reached the disk.
func (j *journal) rewriteLast() error {
	b := make([]byte, j.end-j.last)
	if _, err := j.file.ReadAt(b, j.last); err != nil {
		return err
	}
	if _, err := j.file.WriteAt(b, j.last); err != nil {
		return err
	}
	return j.file.Sync()
}

// append makes a record of ballots durable and returns their places.
func (j *journal) append(ballots [][]byte) ([]place, error) {
	var payload []byte
	places := make([]place, len(ballots))
	for i, raw := range ballots {
		payload = appendEntry(payload, raw)
		places[i] = newPlace(j.end+recordSize+int64(len(payload)-len(raw)), len(raw))
	}
	if err := j.write(castTag, payload); err != nil {
		return nil, err
	}
	j.count += uint64(len(ballots))
	return places, nil
}

// seal makes the last record durable.
func (j *journal) seal() error {
	if err := j.write(sealTag, nil); err != nil {
		return err
	}
	j.sealed = true
	return nil
}

func (j *journal) write(tag string, payload []byte) error {
	if err := j.inPlace(); err != nil {
		return err
	}
	b := make([]byte, 0, recordSize+len(payload))
	b = append(b, tag...)
	b = binary.BigEndian.AppendUint64(b, j.count)
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	sum := j.sum(b, payload)
	b = append(b, sum[:]...)
	b = append(b, payload...)
	if _, err := j.file.WriteAt(b, j.end); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.last, j.end = j.end, j.end+int64(len(b))
	j.extend(sum)
	return nil
}

// ballot reads a ballot again.
func (j *journal) ballot(p place) ([]byte, error) {
	raw := make([]byte, p.length())
	if _, err := j.file.ReadAt(raw, p.offset()); err != nil {
		return nil, err
	}
	return raw, nil
}

// appendEntry and cutEntry write and read a ballot as entry bundles have it: u16 length, bytes.

func appendEntry(b, raw []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(raw))), raw...)
}

func cutEntry(b []byte) (raw, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if b = b[2:]; len(b) < n {
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}
