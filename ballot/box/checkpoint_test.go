package box

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

const someRoot = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

func TestCheckpointText(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	line := fmt.Sprintf("%s/%s\n", electiontest.Origin, x.manifest.ID())
	require.Equal(t, line+"0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", x.Checkpoint().text())
	require.True(t, strings.HasPrefix(string(x.Checkpoint().Note), x.Checkpoint().text()+"\n— "+electiontest.Origin+" "))

	b := s.Ballot(t, 0, 0, 0)
	s.cast(t, x, b)
	c := s.seal(t, x)
	require.Equal(t, fmt.Sprintf("%s1\n%s\nclosed\n", line, tlog.RecordHash(b.Bytes())), c.text())
	read, err := ParseCheckpoint(s.Manifest, c.Note)
	require.NoError(t, err)
	require.Equal(t, c, read)
}

// The zero manifest has a log without a key.
func TestNothingIsSignedUnderAManifestWithoutAKey(t *testing.T) {
	m := new(ballot.Manifest)
	_, err := ParseCheckpoint(m, []byte("x\n"))
	require.ErrorIs(t, err, ballot.ErrMalformed)
	require.ErrorContains(t, err, "the manifest's log key")
	_, err = VerifyRefusal(m, []byte("x\n"))
	require.ErrorIs(t, err, ballot.ErrMalformed)
	require.ErrorContains(t, err, "the manifest's log key")
}

func TestRejectsMalformedCheckpoints(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	o := origin(s.Manifest)
	good := fmt.Sprintf("%s\n7\n%s\n", o, someRoot)
	for _, text := range []string{good, good + "closed\n"} {
		c, err := ParseCheckpoint(s.Manifest, s.signNote(t, text))
		require.NoError(t, err)
		require.Equal(t, text, c.text())
	}
	for name, text := range map[string]string{
		"two lines":           o + "\n7\n",
		"size empty":          o + "\n\n" + someRoot + "\n",
		"size with zero":      o + "\n07\n" + someRoot + "\n",
		"size with plus":      o + "\n+7\n" + someRoot + "\n",
		"size negative":       o + "\n-7\n" + someRoot + "\n",
		"size with space":     o + "\n7 \n" + someRoot + "\n",
		"size hexadecimal":    o + "\n0x7\n" + someRoot + "\n",
		"size underscored":    o + "\n1_0\n" + someRoot + "\n",
		"size above 2^48":     o + "\n281474976710657\n" + someRoot + "\n",
		"size 2^63":           o + "\n9223372036854775808\n" + someRoot + "\n",
		"size 2^64":           o + "\n18446744073709551616\n" + someRoot + "\n",
		"root short":          o + "\n7\n" + someRoot[:40] + "\n",
		"root unpadded":       o + "\n7\n" + someRoot[:43] + "\n",
		"root of 33 bytes":    o + "\n7\n" + base64.StdEncoding.EncodeToString(make([]byte, 33)) + "\n",
		"root not canonical":  o + "\n7\n" + someRoot[:42] + "J=\n",
		"root with space":     o + "\n7\n" + someRoot + " \n",
		"root URL alphabet":   o + "\n7\n" + strings.ReplaceAll(someRoot, "/", "_") + "\n",
		"root in hexadecimal": o + "\n7\n" + fmt.Sprintf("%064x", 1) + "\n",
		"another extension":   good + "open\n",
		"Closed":              good + "Closed\n",
		"closed twice":        good + "closed\nclosed\n",
		"closed and more":     good + "closed\nby law\n",
		"empty extension":     good + "\n",
		"empty root wrong":    o + "\n0\n" + someRoot + "\n",
		"refusal":             o + "\nrefused\n" + fmt.Sprintf("%064x", 1) + "\nsequence: x\n",
		"lines in front":      "\n" + good,
	} {
		_, err := ParseCheckpoint(s.Manifest, s.signNote(t, text))
		require.ErrorIs(t, err, ballot.ErrMalformed, name)
	}
	for name, text := range map[string]string{
		"no election id":       electiontest.Origin + "\n7\n" + someRoot + "\n",
		"another election":     electiontest.Origin + "/" + strings.Repeat("ab", 32) + "\n7\n" + someRoot + "\n",
		"capital hexadecimal":  strings.ToUpper(o) + "\n7\n" + someRoot + "\n",
		"origin with a suffix": o + "/\n7\n" + someRoot + "\n",
	} {
		_, err := ParseCheckpoint(s.Manifest, s.signNote(t, text))
		require.ErrorIs(t, err, ballot.ErrUnknownElection, name)
	}
}

func TestCheckpointSignatures(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	text := fmt.Sprintf("%s\n7\n%s\n", origin(s.Manifest), someRoot)
	signed := s.signNote(t, text)
	for i := range signed {
		changed := bytes.Clone(signed)
		changed[i] ^= 1
		_, err := ParseCheckpoint(s.Manifest, changed)
		require.Error(t, err, "byte %d", i)
		_, err = ParseCheckpoint(s.Manifest, signed[:i])
		require.Error(t, err, "cut to %d bytes", i)
	}
	for n := 1; n <= 100; n++ {
		_, err := ParseCheckpoint(s.Manifest, append(bytes.Clone(signed), bytes.Repeat([]byte("x"), n)...))
		require.ErrorIs(t, err, ballot.ErrMalformed)
	}
	_, err := ParseCheckpoint(s.Manifest, append(bytes.Clone(signed), make([]byte, maxNoteBytes)...))
	require.ErrorIs(t, err, ballot.ErrMalformed)

	// Of several lines of the operator's key the first counts, and all are spelled as they should be.
	line := string(signed[len(text)+1:])
	require.True(t, strings.HasSuffix(line, "=\n"), "the last character of the base64 has bits that are 0")
	again, err := ParseCheckpoint(s.Manifest, append(bytes.Clone(signed), line...))
	require.NoError(t, err)
	require.Equal(t, text, again.text())
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	last := bytes.IndexByte([]byte(line), '=') - 1
	respelled := line[:last] + string(alphabet[strings.IndexByte(alphabet, line[last])+1]) + line[last+1:]
	_, err = ParseCheckpoint(s.Manifest, append(bytes.Clone(signed), respelled...))
	require.ErrorIs(t, err, ballot.ErrMalformed)
	require.ErrorContains(t, err, "not canonical base64")
	named := strings.Replace(respelled, electiontest.Origin, "\u202e"+strings.Repeat("\u009b", 5000), 1)
	_, err = ParseCheckpoint(s.Manifest, append(bytes.Clone(signed), named...))
	require.ErrorContains(t, err, "not canonical base64")
	require.NotContains(t, err.Error(), "\u009b")
	require.NotContains(t, err.Error(), "\u202e")
	require.Less(t, len(err.Error()), 1000)

	// A witness's cosignature is no concern; the same key name with another key is no signature.
	skey, _, err := note.GenerateKey(rand.Reader, "witness.example.org/w1")
	require.NoError(t, err)
	witness, err := note.NewSigner(skey)
	require.NoError(t, err)
	skey, _, err = note.GenerateKey(rand.Reader, electiontest.Origin)
	require.NoError(t, err)
	impostor, err := note.NewSigner(skey)
	require.NoError(t, err)
	own, err := note.NewSigner(s.LogKey)
	require.NoError(t, err)

	both, err := note.Sign(&note.Note{Text: text}, witness, impostor, own)
	require.NoError(t, err)
	c, err := ParseCheckpoint(s.Manifest, both)
	require.NoError(t, err)
	alone, err := ParseCheckpoint(s.Manifest, signed)
	require.NoError(t, err)
	require.Equal(t, alone.Digest(), c.Digest(), "signatures are not part of what is endorsed")

	for _, signer := range []note.Signer{witness, impostor} {
		foreign, err := note.Sign(&note.Note{Text: text}, signer)
		require.NoError(t, err)
		_, err = ParseCheckpoint(s.Manifest, foreign)
		require.ErrorIs(t, err, ballot.ErrInvalid)
	}
	_, err = ParseCheckpoint(newStage(t, electiontest.Config{}).Manifest, signed)
	require.ErrorIs(t, err, ballot.ErrInvalid, "another election's key")
}

func TestCheckpointDigestCoversEveryField(t *testing.T) {
	c := Checkpoint{Origin: "a/b", Size: 7, Hash: tlog.Hash{1}}
	seen := map[[32]byte]string{c.Digest(): "itself"}
	for name, edit := range map[string]func(*Checkpoint){
		"origin": func(c *Checkpoint) { c.Origin = "a/c" },
		"size":   func(c *Checkpoint) { c.Size++ },
		"root":   func(c *Checkpoint) { c.Hash[31] ^= 1 },
		"closed": func(c *Checkpoint) { c.Closed = true },
	} {
		d := c
		edit(&d)
		require.Empty(t, seen[d.Digest()], name)
		seen[d.Digest()] = name
	}
	d := c
	d.Note = []byte("x")
	require.Equal(t, c.Digest(), d.Digest())
}

// Every two checkpoints of one box extend each other, and can be shown to.
func TestCheckpointsExtendEachOther(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	var heads []*Checkpoint
	for i := range 9 {
		s.logBytes(t, x, []byte{byte(i)})
		heads = append(heads, x.Checkpoint())
	}
	for _, old := range heads {
		for _, c := range heads[old.Size-1:] {
			p, err := tlog.ProveTree(int64(c.Size), int64(old.Size), x.hashes)
			require.NoError(t, err)
			require.NoError(t, tlog.CheckTree(p, int64(c.Size), c.Hash, int64(old.Size), old.Hash))
		}
	}
}

func TestReceiptText(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 3})
	x := s.open(t)
	for i := range 2 {
		s.cast(t, x, s.Ballot(t, i, 0, i))
	}
	b := s.Ballot(t, 2, 0, 0)
	r := s.cast(t, x, b)
	require.Len(t, r.Proof, 1)
	require.Equal(t, fmt.Sprintf("c2sp.org/tlog-proof@v1\nindex 2\n%s\n\n%s", r.Proof[0], r.Checkpoint.Note), string(r.Bytes()))
	read, err := ParseReceipt(s.Manifest, r.Bytes())
	require.NoError(t, err)
	require.Equal(t, r, read)
	require.NoError(t, read.Verify(s.Manifest, b))
}

func TestRejectsReceiptsWithAnyFieldChanged(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 4})
	other := newStage(t, electiontest.Config{})
	x := s.open(t)
	var ballots []*ballot.Ballot
	for i := range 4 {
		ballots = append(ballots, s.Ballot(t, i, 0, i))
		s.cast(t, x, ballots[i])
	}
	r := s.cast(t, x, ballots[1])
	require.Len(t, r.Proof, 2)

	fails := func(name string, edit func(*Receipt)) {
		c, err := ParseReceipt(s.Manifest, r.Bytes())
		require.NoError(t, err)
		edit(c)
		require.Error(t, c.Verify(s.Manifest, ballots[1]), name)
	}
	fails("index", func(r *Receipt) { r.Index-- })
	fails("index beyond", func(r *Receipt) { r.Index = 4 })
	fails("index 2^63", func(r *Receipt) { r.Index = 1 << 63 })
	for i := range r.Proof {
		fails("hash", func(r *Receipt) { r.Proof[i][5] ^= 1 })
	}
	fails("a hash less", func(r *Receipt) { r.Proof = r.Proof[:1] })
	fails("a hash more", func(r *Receipt) { r.Proof = append(r.Proof, tlog.Hash{}) })
	fails("hashes swapped", func(r *Receipt) { r.Proof[0], r.Proof[1] = r.Proof[1], r.Proof[0] })
	fails("checkpoint missing", func(r *Receipt) { r.Checkpoint = nil })
	fails("origin", func(r *Receipt) { r.Checkpoint.Origin += "x" })
	fails("size", func(r *Receipt) { r.Checkpoint.Size++ })
	fails("root", func(r *Receipt) { r.Checkpoint.Hash[0] ^= 1 })
	fails("closed", func(r *Receipt) { r.Checkpoint.Closed = true })
	fails("note", func(r *Receipt) { r.Checkpoint.Note[0] ^= 1 })

	require.ErrorIs(t, r.Verify(s.Manifest, ballots[0]), ballot.ErrInvalid, "another ballot")
	require.ErrorIs(t, r.Verify(s.Manifest, nil), ballot.ErrMalformed, "no ballot")
	require.ErrorIs(t, r.Verify(s.Manifest, other.Ballot(t, 0, 0, 0)), ballot.ErrUnknownElection)
	require.ErrorIs(t, r.Verify(other.Manifest, ballots[1]), ballot.ErrInvalid, "another election's key")

	encoded := r.Bytes()
	for i := range encoded {
		changed := bytes.Clone(encoded)
		changed[i] ^= 1
		c, err := ParseReceipt(s.Manifest, changed)
		if err == nil {
			err = c.Verify(s.Manifest, ballots[1])
		}
		require.Error(t, err, "byte %d", i)
	}
}

func TestRejectsMalformedReceipts(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	signed := string(s.cast(t, x, s.Ballot(t, 0, 0, 0)).Checkpoint.Note)
	const header = "c2sp.org/tlog-proof@v1\n"
	_, err := ParseReceipt(s.Manifest, []byte(header+"index 0\n\n"+signed))
	require.NoError(t, err)
	for name, text := range map[string]string{
		"empty":               "",
		"no header":           "index 0\n\n" + signed,
		"version 2":           "c2sp.org/tlog-proof@v2\nindex 0\n\n" + signed,
		"extra data":          header + "extra YQ==\nindex 0\n\n" + signed,
		"no index":            header + "\n" + signed,
		"index without space": header + "index0\n\n" + signed,
		"index with zero":     header + "index 00\n\n" + signed,
		"index with sign":     header + "index +0\n\n" + signed,
		"index too large":     header + "index 281474976710657\n\n" + signed,
		"index overflowing":   header + "index 18446744073709551616\n\n" + signed,
		"hash short":          header + "index 0\n" + someRoot[:40] + "\n\n" + signed,
		"hash not canonical":  header + "index 0\n" + someRoot[:42] + "J=\n\n" + signed,
		"hash with return":    header + "index 0\n" + someRoot + "\r\n\n" + signed,
		"49 hashes":           header + "index 0\n" + strings.Repeat(someRoot+"\n", 49) + "\n" + signed,
		"a thousand hashes":   header + "index 0\n" + strings.Repeat(someRoot+"\n", 1000) + "\n" + signed,
		"no empty line":       header + "index 0\n" + signed,
		"two empty lines":     header + "index 0\n\n\n" + signed,
		"no checkpoint":       header + "index 0\n\n",
		"trailing text":       header + "index 0\n\n" + signed + "x",
	} {
		_, err := ParseReceipt(s.Manifest, []byte(text))
		require.Error(t, err, name)
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	s := newStage(f, electiontest.Config{})
	f.Add(s.signNote(f, fmt.Sprintf("%s\n7\n%s\nclosed\n", origin(s.Manifest), someRoot)))
	f.Add([]byte(fmt.Sprintf("%s\n7\n%s\n", origin(s.Manifest), someRoot)))
	f.Add([]byte("\n1\n" + someRoot + "\n0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := ParseCheckpoint(s.Manifest, b); err == nil {
			require.Equal(t, b, c.Note)
			require.True(t, bytes.HasPrefix(b, []byte(c.text())))
		}
		// The same text, signed: what is accepted is what would be written.
		text := string(b)
		if head, err := parseHead(text); err == nil {
			require.Equal(t, text, head.text())
		}
	})
}

func FuzzParseReceipt(f *testing.F) {
	s := newStage(f, electiontest.Config{})
	x := s.open(f)
	for i := range 3 {
		r, err := x.Cast(context.Background(), s.Ballot(f, i, 0, i).Bytes())
		require.NoError(f, err)
		f.Add(r.Bytes())
	}
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 0\n\n"))
	b := s.Ballot(f, 4, 0, 0)
	f.Fuzz(func(t *testing.T, encoded []byte) {
		r, err := ParseReceipt(s.Manifest, encoded)
		if err != nil {
			return
		}
		require.Equal(t, encoded, r.Bytes())
		require.Error(t, r.Verify(s.Manifest, b), "this ballot was never cast")
	})
}
