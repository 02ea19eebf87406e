package tally

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/testdata/vectors"
)

// errorKinds are the kinds of errors that a failed check has, the more telling ones first.
var errorKinds = []struct {
	name string
	is   []error
}{
	{"unknown-key", []error{ballot.ErrUnknownKey}},
	{"unknown-election", []error{ballot.ErrUnknownElection}},
	{"sequence", []error{ballot.ErrSequence}},
	{"duplicate", []error{ErrDuplicate, ballot.ErrDuplicate, census.ErrDuplicate}},
	{"foreign", []error{ErrForeign}},
	{"missing", []error{ErrMissing}},
	{"void", []error{ErrVoid}},
	{"incomplete", []error{ErrIncomplete}},
	{"malformed", []error{ErrMalformed, ballot.ErrMalformed, census.ErrMalformed, proof.ErrMalformed}},
	{"invalid", []error{ErrInvalid, ballot.ErrInvalid, census.ErrInvalid, proof.ErrInvalid}},
}

func kindOf(err error) string {
	for _, k := range errorKinds {
		if slices.ContainsFunc(k.is, func(kind error) bool { return errors.Is(err, kind) }) {
			return k.name
		}
	}
	return ""
}

// verdict is what the audit of a record says.
type verdict struct {
	failed []string // checks
	kind   string   // of the first failure
	result bool
}

func judged(t testing.TB, files fstest.MapFS, id ballot.ElectionID) (v verdict) {
	t.Helper()
	r, err := Audit(context.Background(), files, id, accept)
	var failed *CheckError
	if errors.As(err, &failed) {
		return verdict{failed: []string{string(failed.Check)}, kind: kindOf(err)}
	}
	require.NoError(t, err)
	for _, c := range r.Failed() {
		v.failed = append(v.failed, string(c))
	}
	if err := r.Err(); err != nil {
		v.kind = kindOf(err)
	}
	v.result = r.Result != nil
	return v
}

func recordVectors(t testing.TB) []*vectors.Record {
	t.Helper()
	records, err := vectors.Records()
	require.NoError(t, err)
	require.NotEmpty(t, records)
	return records
}

func filesOf(t testing.TB, v *vectors.Record) (fstest.MapFS, ballot.ElectionID) {
	t.Helper()
	content, err := v.Files()
	require.NoError(t, err)
	files := fstest.MapFS{}
	for name, b := range content {
		files[name] = &fstest.MapFile{Data: b}
	}
	id, err := ballot.ParseElectionID(v.Election)
	require.NoError(t, err)
	return files, id
}

func goodRecord(t testing.TB, name string) (fstest.MapFS, ballot.ElectionID) {
	t.Helper()
	records := recordVectors(t)
	i := slices.IndexFunc(records, func(v *vectors.Record) bool { return v.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return filesOf(t, records[i])
}

// Every bad record fails exactly the check in its name, and every good one none.
func TestEveryRecordOfTheVectorsIsJudgedRight(t *testing.T) {
	for _, v := range recordVectors(t) {
		files, id := filesOf(t, v)
		got := judged(t, files, id)
		want := verdict{kind: v.Kind, result: got.result}
		if v.Check == "" {
			want.result = !v.NoResult
		} else {
			want.failed = append([]string{v.Step()}, v.Also...)
		}
		require.Equal(t, want, got, v.Name)
	}
}

// Every bad message fails, and every good one does not.
func TestEveryMessageOfTheVectorsIsJudgedRight(t *testing.T) {
	messages, err := vectors.Messages()
	require.NoError(t, err)
	require.NotEmpty(t, messages)
	for _, v := range messages {
		files, id := goodRecord(t, v.Record)
		err := acceptMessage(t, v, files, id)
		if v.Check == "" {
			require.NoError(t, err, v.Name)
			continue
		}
		require.Error(t, err, v.Name)
		require.Equal(t, v.Kind, kindOf(err), "%s: %v", v.Name, err)
	}
}

// FuzzMessages changes bits of one part of a message of testdata/vectors. A good one is then refused.
func FuzzMessages(f *testing.F) {
	messages, err := vectors.Messages()
	require.NoError(f, err)
	files, ids := map[string]fstest.MapFS{}, map[string]ballot.ElectionID{}
	for i, v := range messages {
		if files[v.Record] == nil {
			files[v.Record], ids[v.Record] = goodRecord(f, v.Record)
		}
		for part := range v.Parts {
			f.Add(uint8(i), uint8(part), uint16(0), []byte(nil))
			f.Add(uint8(i), uint8(part), uint16(len(v.Parts[part])/4), []byte{1})
		}
	}
	f.Fuzz(func(t *testing.T, which, part uint8, at uint16, mask []byte) {
		v := *messages[int(which)%len(messages)]
		k := int(part) % len(v.Parts)
		if k == 0 && strings.HasPrefix(v.Type, "receipt") { // the voter's own ballot
			return
		}
		raw, err := hex.DecodeString(v.Parts[k])
		require.NoError(t, err)
		for i, m := range mask {
			if at := int(at) + i; at < len(raw) {
				raw[at] ^= m
			}
		}
		good, same := v.Check == "", hex.EncodeToString(raw) == v.Parts[k]
		v.Parts = slices.Clone(v.Parts)
		v.Parts[k] = hex.EncodeToString(raw)
		switch err := acceptMessage(t, &v, files[v.Record], ids[v.Record]); {
		case good && same:
			require.NoError(t, err)
		case good && v.Type != "receipts", same && !good: // one receipt more than needed may be wrong
			require.Error(t, err)
		}
	})
}

// acceptMessage does what a receiver of the message does. The error is the reason why it refuses it.
func acceptMessage(t testing.TB, v *vectors.Message, record fstest.MapFS, id ballot.ElectionID) error {
	t.Helper()
	ctx := context.Background()
	files := maps.Clone(record)
	var parts [][]byte
	for _, part := range v.Parts {
		b, err := hex.DecodeString(part)
		require.NoError(t, err, v.Name)
		parts = append(parts, b)
	}
	m, err := ballot.ParseManifest(files[ManifestFile].Data)
	require.NoError(t, err)
	key, err := proof.ParseVerifyingKey(files[VerifyingKeyFile].Data)
	require.NoError(t, err)

	switch v.Type {
	case "ballots": // of one box, in the order of its log
		verifier, err := ballot.NewVerifier(m, ballot.AcceptKey(key))
		require.NoError(t, err)
		rules := ballot.NewRulebook(m)
		for i, raw := range parts {
			b, err := ballot.ParseBallot(m, raw)
			if err != nil {
				return err
			}
			single := verifier.Verify(ctx, b)
			fresh, err := ballot.NewVerifier(m, ballot.AcceptKey(key))
			require.NoError(t, err)
			batch, err := fresh.VerifyBatch(ctx, []*ballot.Ballot{b, b})
			require.NoError(t, err)
			require.Equal(t, []error{single, single}, batch, v.Name)
			if single != nil {
				return single
			}
			if _, _, err := rules.Apply(b, uint64(i)); err != nil {
				return err
			}
		}
		return nil
	case "membership": // root, nullifier, weight, proof, scope, message
		require.Len(t, parts, 6)
		return key.Verify(&proof.Claim{
			Membership: proof.Membership{
				Root: census.Root(parts[0]), Nullifier: proof.Nullifier(parts[1]),
				Weight: binary.BigEndian.Uint64(parts[2]), Proof: proof.Proof(parts[3]),
			},
			Scope: proof.Scope(parts[4]), Message: proof.Message(parts[5]),
		})
	case "ceremony": // messages to a ceremony of the record's roster
		c, err := ParseCeremony(files[CeremonyFile].Data)
		require.NoError(t, err)
		if c, err = NewCeremony(c.Roster()); err != nil {
			return err
		}
		for _, message := range parts {
			if err := c.Add(message); err != nil {
				return err
			}
		}
		return nil
	case "checkpoint":
		_, err := box.ParseCheckpoint(m, parts[0])
		return err
	case "receipt", "receipts": // a ballot, and a receipt of it, or several
		b, err := ballot.ParseBallot(m, parts[0])
		require.NoError(t, err)
		var receipts []*box.Receipt
		for _, part := range parts[1:] {
			r, err := box.ParseReceipt(m, part)
			if err != nil {
				return err
			}
			receipts = append(receipts, r)
		}
		if v.Type == "receipt" {
			return receipts[0].Verify(m, b)
		}
		return box.CheckReceipts(m, b, receipts...)
	case "evidence":
		e, err := box.ParseEvidence(m, parts[0])
		if err != nil {
			return err
		}
		return e.Verify(m)
	case "endorsement", "share": // the file of trustee 4, or 3
		name := ShareFile(3)
		if v.Type == "endorsement" {
			name = EndorsementFile(4)
		}
		files[name] = &fstest.MapFile{Data: parts[0]}
		r, err := Audit(ctx, files, id, accept)
		require.NoError(t, err)
		return r.Err()
	}
	require.Fail(t, "unknown type", "%s: %q", v.Name, v.Type)
	return nil
}
