package zkey

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/proof"
)

func TestProofsOfASmallRelationVerify(t *testing.T) {
	id, st := testStatement()
	k := testProver(t, id, st, nil)
	require.Equal(t, 2, k.Depth())
	require.Equal(t, [32]byte{7}, k.Digest())
	var wg sync.WaitGroup
	memberships := make([]*proof.Membership, 4)
	for i := range memberships {
		wg.Go(func() { memberships[i], _ = k.Prove(t.Context(), id, st) })
	}
	wg.Wait()
	for i, m := range memberships {
		require.NotNil(t, m)
		claim := proof.Claim{Membership: *m, Scope: st.Scope, Message: st.Message}
		require.NoError(t, k.VerifyingKey().Verify(&claim))
		require.Equal(t, id.Nullifier(st.Scope), m.Nullifier)
		if i > 0 {
			require.NotEqual(t, memberships[0].Proof, m.Proof, "proofs are randomised")
		}
		claim.Message[0] ^= 1
		require.ErrorIs(t, k.VerifyingKey().Verify(&claim), proof.ErrInvalid)
	}
}

func TestProverRefusesStatementsThatAreNotIts(t *testing.T) {
	id, st := testStatement()
	k := testProver(t, id, st, nil)
	_, err := k.Prove(t.Context(), proof.NewIdentity(), st)
	require.ErrorIs(t, err, proof.ErrInvalid)

	long := st
	long.Path.Siblings = make([]census.Node, 3)
	for i := range long.Path.Siblings {
		long.Path.Siblings[i][31] = 1
	}
	_, err = k.Prove(t.Context(), id, long)
	require.ErrorIs(t, err, proof.ErrInvalid)
	require.ErrorContains(t, err, "3 siblings")

	weighted := st
	weighted.Path.Weight = 3
	_, err = k.Prove(t.Context(), id, weighted)
	require.ErrorIs(t, err, proof.ErrInvalid)
	require.ErrorContains(t, err, "weight 3")

	large := st
	large.Path.Siblings = []census.Node{census.Node(bytes.Repeat([]byte{0xff}, 32))}
	_, err = k.Prove(t.Context(), id, large)
	require.Error(t, err)
}

func TestShowsNoProofOfWrongWires(t *testing.T) {
	id, st := testStatement()
	for name, alter := range map[string]func(c *canned){
		"a private wire": func(c *canned) { c.values[13].SetUint64(1) },
		"a public wire":  func(c *canned) { c.values[2].SetUint64(1) },
		"the constant":   func(c *canned) { c.values[0].SetUint64(2) },
	} {
		m, err := testProver(t, id, st, alter).Prove(t.Context(), id, st)
		require.Error(t, err, name)
		require.Nil(t, m, name)
	}

	// A consistent witness of other public inputs, as of another message.
	k := testProver(t, id, st, nil)
	st.Message[0] ^= 1
	_, err := k.Prove(t.Context(), id, st)
	require.ErrorContains(t, err, "does not verify")
}

func TestShowsNoProofOfATamperedKey(t *testing.T) {
	id, st := testStatement()
	claim, err := st.Claim(id)
	require.NoError(t, err)
	inputs, err := claim.Inputs()
	require.NoError(t, err)
	w := testWitness([public]fr.Element(inputs))
	for _, section := range []int{5, 6, 7, 8, 9} {
		s := testKey()
		s[section] = bytes.Clone(s[section])
		size := g1Size
		if section == 7 {
			size = g2Size
		}
		at := 6 * size // of a wire that is in rows, or a row
		if section == 7 || section == 6 {
			at = 4 * size
		}
		_, _, one1, one2 := bn254.Generators()
		if size == g1Size {
			copy(s[section][at:], appendCoordinates(nil, one1.X, one1.Y))
		} else {
			copy(s[section][at:], appendCoordinates(nil, one2.X.A0, one2.X.A1, one2.Y.A0, one2.Y.A1))
		}
		k, err := newKey(assemble(s), cannedFor(w, 7).code(t), 2, testVerifying(t), [32]byte{})
		require.NoError(t, err)
		m, err := k.Prove(t.Context(), id, st)
		require.ErrorContains(t, err, "does not verify", "section %d", section)
		require.Nil(t, m)
	}
}

func TestProgramGetsTheCircuitsInputs(t *testing.T) {
	id, st := testStatement()
	// FNV-1a of the names, 64 bits, computed elsewhere.
	want := []struct {
		hash     uint64
		position int64
		value    *big.Int
	}{
		{fnvSecret, 0, nil}, {fnvLength, 0, big.NewInt(1)}, {fnvIndex, 0, big.NewInt(1)},
		{fnvSiblings, 0, nil}, {fnvSiblings, 1, new(big.Int)},
		{fnvMessage, 0, nil}, {fnvScope, 0, nil},
	}
	secret := id.Bytes()
	want[0].value = new(big.Int).SetBytes(secret[:])
	want[3].value = new(big.Int).SetBytes(st.Path.Siblings[0][:])
	claim, err := st.Claim(id)
	require.NoError(t, err)
	signals, err := claim.Inputs()
	require.NoError(t, err)
	want[5].value = signals[2].BigInt(new(big.Int))
	want[6].value = signals[3].BigInt(new(big.Int))

	k := testProver(t, id, st, func(c *canned) { c.mode, c.wires = echoes, uint32(2*len(want)) })
	inputs, err := k.inputs(id, st, claim)
	require.NoError(t, err)
	got, err := k.program.witness(t.Context(), inputs, 2*len(want))
	require.NoError(t, err)
	for i, w := range want {
		key := new(big.Int).Lsh(big.NewInt(w.position), 64)
		key.Add(key, new(big.Int).SetUint64(w.hash))
		require.Equal(t, key.String(), got[2*i].String(), "name %d", i)
		require.Equal(t, w.value.String(), got[2*i+1].Text(10), "value %d", i)
	}
}

const (
	fnvSecret   = 0xab23f0eec020c951
	fnvLength   = 0xb89278b56892c6c7
	fnvIndex    = 0xadb6e2b3b89a19ed
	fnvSiblings = 0xc90ec557fe0d5be4
	fnvMessage  = 0x546401b5d2a8d2a4
	fnvScope    = 0xc1074ffbe7efe44b
)

func TestHostileProgramsEnd(t *testing.T) {
	id, st := testStatement()
	for name, c := range map[string]struct {
		alter func(c *canned)
		want  string
	}{
		"loops":               {func(c *canned) { c.mode = loops }, "deadline"},
		"grows":               {func(c *canned) { c.mode = grows }, "failed in init"},
		"recurses":            {func(c *canned) { c.mode = recurses }, "failed in init"},
		"asserts":             {func(c *canned) { c.mode = asserts }, "does not satisfy the relation"},
		"complains":           {func(c *canned) { c.mode = complains }, "failed in init"},
		"another version":     {func(c *canned) { c.version = 1 }, "circom 1"},
		"another field":       {func(c *canned) { c.words = 12 }, "12 words"},
		"too many wires":      {func(c *canned) { c.wires = 1 << 31 }, "2147483648 wires"},
		"too few wires":       {func(c *canned) { c.wires-- }, "15 wires and the key 16"},
		"another depth":       {func(c *canned) { c.inputs++ }, "8 inputs, 7 are given"},
		"memory out of range": {func(c *canned) { c.shared = 65536 - 31 }, "not in its memory"},
		"memory far away":     {func(c *canned) { c.shared = 1<<32 - 1 }, "not in its memory"},
	} {
		k := testProver(t, id, st, c.alter)
		limit := 5 * time.Minute // which none but the loop reaches, however loaded the machine is
		if name == "loops" {
			limit = 50 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		_, err := k.Prove(ctx, id, st)
		cancel()
		require.ErrorContains(t, err, c.want, name)
		require.Equal(t, name == "loops", errors.Is(err, context.DeadlineExceeded), name)
		require.Equal(t, name == "asserts", errors.Is(err, proof.ErrInvalid), name)
	}

	// A number that is not below the modulus.
	code := cannedFor(make([]fr.Element, testWires), 7).code(t)
	at := bytes.Index(code, []byte{2, 0, 0, 0, 8, 0, 0, 0, testWires}) + 64
	copy(code[at:], bytes.Repeat([]byte{0xff}, 32))
	k, err := newKey(assemble(testKey()), code, 2, testVerifying(t), [32]byte{})
	require.NoError(t, err)
	_, err = k.Prove(t.Context(), id, st)
	require.ErrorContains(t, err, "not below the modulus")
}

func TestCancelledProofsEnd(t *testing.T) {
	id, st := testStatement()
	k := testProver(t, id, st, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := k.Prove(ctx, id, st)
	require.ErrorIs(t, err, context.Canceled)
	var p proof.Proof
	require.ErrorIs(t, k.points.prove(ctx, testWitness([public]fr.Element{}), &p), context.Canceled)
	require.Zero(t, p)
}

func TestRejectsWhatIsNoProgram(t *testing.T) {
	good := cannedFor(nil, 0).code(t)
	_, err := compile(good)
	require.NoError(t, err)
	for n := range 8 {
		_, err := compile(good[:n])
		require.Error(t, err, "%d bytes", n)
	}
	_, err = compile(good[:len(good)-1])
	require.ErrorContains(t, err, "not a WebAssembly program")
	// An empty module is a program, but not one that has the functions.
	k, err := newKey(assemble(testKey()), []byte("\x00asm\x01\x00\x00\x00"), 2, testVerifying(t), [32]byte{})
	require.NoError(t, err)
	id, st := testStatement()
	_, err = k.Prove(t.Context(), id, st)
	require.ErrorContains(t, err, "lacks")
	// One page more than the limit.
	_, err = compile([]byte("\x00asm\x01\x00\x00\x00\x05\x04\x01\x00\x81\x02"))
	require.Error(t, err)
	_, err = compile([]byte("\x00asm\x01\x00\x00\x00\x05\x04\x01\x00\x80\x02"))
	require.NoError(t, err)
}

func TestRejectsMalformedZkeys(t *testing.T) {
	good := testKey()
	_, err := parse(assemble(good))
	require.NoError(t, err)
	refuse := func(name, want string, alter func(s *[sections + 1][]byte)) {
		t.Helper()
		s := good
		for i := range s {
			s[i] = bytes.Clone(s[i])
		}
		alter(&s)
		_, err := parse(assemble(s))
		require.ErrorContains(t, err, want, name)
	}
	// Section 2: moduli at 4 and 40, numbers at 72, alpha 84, beta 148, 212, gamma 340, delta 468, 532.
	number := func(at int, v uint32) func(s *[sections + 1][]byte) {
		return func(s *[sections + 1][]byte) { binary.LittleEndian.PutUint32(s[2][at:], v) }
	}
	for name, c := range map[string]struct {
		want  string
		alter func(s *[sections + 1][]byte)
	}{
		"another proof system": {"not a Groth16 key", func(s *[sections + 1][]byte) { s[1][0] = 2 }},
		"a longer section 1":   {"not a Groth16 key", func(s *[sections + 1][]byte) { s[1] = append(s[1], 0) }},
		"size of p":            {"not a key on BN254", number(0, 48)},
		"p":                    {"not a key on BN254", func(s *[sections + 1][]byte) { s[2][4]++ }},
		"size of r":            {"not a key on BN254", number(36, 31)},
		"r":                    {"not a key on BN254", func(s *[sections + 1][]byte) { s[2][40]++ }},
		"wires":                {"section 5 has 1024 bytes, 17 points wanted", number(72, testWires+1)},
		"no wires":             {"0 wires, more than 4 wanted", number(72, 0)},
		"no private wires":     {"4 wires, more than 4 wanted", number(72, public)},
		"many wires":           {"section 5 has 1024 bytes, 4294967295 points wanted", number(72, 1<<32-1)},
		"5 public inputs":      {"5 public inputs, 4 wanted", number(76, 5)},
		"many public inputs":   {"4294967295 public inputs, 4 wanted", number(76, 1<<32-1)},
		"no domain":            {"a domain of 0 rows", number(80, 0)},
		"domain 1":             {"a domain of 1 rows", number(80, 1)},
		"domain 24":            {"a domain of 24 rows", number(80, 24)},
		"domain 2^17":          {"a domain of 131072 rows", number(80, 1<<17)},
		"domain 2^31":          {"a domain of 2147483648 rows", number(80, 1<<31)},
		"domain":               {"section 9 has 1024 bytes, 32 points wanted", number(80, 2*testDomain)},
		"coefficients":         {"coefficients in", func(s *[sections + 1][]byte) { s[4][0]++ }},
		"many coefficients":    {"4294967295 coefficients in", func(s *[sections + 1][]byte) { binary.LittleEndian.PutUint32(s[4], 1<<32-1) }},
		"no coefficients":      {"section 4: it ends early", func(s *[sections + 1][]byte) { s[4] = nil }},
		"side":                 {"a coefficient out of range", func(s *[sections + 1][]byte) { s[4][4] = 2 }},
		"row":                  {"a coefficient out of range", func(s *[sections + 1][]byte) { s[4][8] = testDomain }},
		"wire":                 {"a coefficient out of range", func(s *[sections + 1][]byte) { s[4][12] = testWires }},
		"coefficient r":        {"a coefficient is not below the modulus", func(s *[sections + 1][]byte) { copy(s[4][16:], s[2][40:72]) }},
		"beta in G1":           {"beta is not the same", func(s *[sections + 1][]byte) { copy(s[2][148:212], s[2][84:148]) }},
		"delta in G1":          {"delta is not the same", func(s *[sections + 1][]byte) { copy(s[2][468:532], s[2][84:148]) }},
		"delta = gamma":        {"delta is gamma", func(s *[sections + 1][]byte) { copy(s[2][532:660], s[2][340:468]) }},
		"K_1 = K_2":            {"inputs 1 and 2 have the same point K", func(s *[sections + 1][]byte) { copy(s[3][64:128], s[3][128:192]) }},
		"alpha infinity":       {"section 2: a point is not on the curve", func(s *[sections + 1][]byte) { clear(s[2][84:148]) }},
		"gamma infinity":       {"section 2: a point is not on the twist", func(s *[sections + 1][]byte) { clear(s[2][340:468]) }},
		"K_1 infinity":         {"section 3: a point is not on the curve", func(s *[sections + 1][]byte) { clear(s[3][64:128]) }},
		"H_0 infinity":         {"section 9: a point is not on the curve", func(s *[sections + 1][]byte) { clear(s[9][:64]) }},
	} {
		refuse(name, c.want, c.alter)
	}
	for section := 2; section <= 9; section++ {
		where := fmt.Sprintf("section %d", section)
		refuse("a byte more", where, func(s *[sections + 1][]byte) { s[section] = append(s[section], 0) })
		refuse("a byte less", where, func(s *[sections + 1][]byte) { s[section] = s[section][:len(s[section])-1] })
		if section == 4 {
			continue
		}
		at := 0
		if section == 2 {
			at = 84
		}
		refuse("off the curve", where+": a point is not on the", func(s *[sections + 1][]byte) { s[section][at] ^= 1 })
		refuse("a coordinate plus p", where+": a coordinate is not below the modulus", func(s *[sections + 1][]byte) {
			x := new(big.Int).SetBytes(reversed(s[section][at:][:32]))
			copy(s[section][at:], reversed(x.Add(x, fp.Modulus()).FillBytes(make([]byte, 32))))
		})
	}
	// The frame: header, then number and size of each section.
	file := assemble(good)
	for n := range 12 {
		altered := bytes.Clone(file)
		altered[n] ^= 1
		_, err := parse(altered)
		require.ErrorContains(t, err, "not a zkey file of version 1 with ten sections", "byte %d", n)
	}
	for at, i := 12, 1; i <= sections; i++ {
		for n := range 12 {
			for _, bit := range []byte{1, 0x80} {
				altered := bytes.Clone(file)
				altered[at+n] ^= bit
				_, err := parse(altered)
				require.ErrorContains(t, err, "section", "section %d, byte %d", i, n)
			}
		}
		at += 12 + len(good[i])
	}
	for _, n := range []int{0, 1, 3, 11} {
		_, err := parse(file[:n])
		require.ErrorContains(t, err, "not a zkey file", "%d bytes", n)
	}
	last := len(file) - len(good[sections]) // where the content of the last section starts
	for _, n := range []int{12, 13, 23, 24, 27, 28, 29, 100, last - 12, last - 1, last, len(file) - 1} {
		_, err := parse(file[:n])
		require.ErrorContains(t, err, "the sections do not fill the file", "%d bytes", n)
	}
	_, err = parse(append(file, 0))
	require.ErrorContains(t, err, "the sections do not fill the file")
}

func TestOpenRefusesOtherFiles(t *testing.T) {
	digest, err := Digest(3)
	require.NoError(t, err)
	file := assemble(testKey())
	for name, c := range map[string]struct {
		files fstest.MapFS
		depth int
		want  string
	}{
		"no files":     {fstest.MapFS{}, 3, "fetch the artifacts"},
		"another zkey": {fstest.MapFS{"semaphore-3.zkey": {Data: file}, "semaphore-3.wasm": {}}, 3, "SHA-256 of semaphore-3.zkey"},
		"a long zkey":  {fstest.MapFS{"semaphore-3.zkey": {Data: make([]byte, maxZkey+1)}}, 3, "more than"},
		"depth 0":      {fstest.MapFS{}, 0, "no ceremony key of depth 0"},
		"depth 33":     {fstest.MapFS{}, 33, "no ceremony key of depth 33"},
		"a directory":  {fstest.MapFS{"semaphore-3.zkey/x": {}}, 3, "semaphore-3.zkey is not a regular file"},
		"no wasm":      {fstest.MapFS{"semaphore-3.zkey": {}}, 3, "SHA-256 of semaphore-3.zkey"},
	} {
		_, err := Open(c.files, c.depth, digest)
		require.ErrorContains(t, err, c.want, name)
	}
	// A key with the digest that was asked for, but the published one's program or verifying key missing.
	own := [32]byte{0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
		0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55} // of no bytes
	for _, name := range []string{zkeyName(3), wasmName(3)} { // a pipe is not even opened: that would block
		files := unopened{fstest.MapFS{zkeyName(3): {}, wasmName(3): {}}, name}
		files.MapFS[name] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
		_, err := Open(files, 3, own)
		require.ErrorIs(t, err, proof.ErrMalformed)
		require.ErrorContains(t, err, name+" is not a regular file")
	}
	_, err = Open(fstest.MapFS{"semaphore-3.zkey": {}}, 3, own)
	require.ErrorContains(t, err, "semaphore-3.wasm")
	_, err = Open(fstest.MapFS{"semaphore-3.zkey": {}, "semaphore-3.wasm": {Data: cannedFor(nil, 0).code(t)}}, 3, own)
	require.ErrorIs(t, err, proof.ErrMalformed)
	require.ErrorContains(t, err, "SHA-256 of semaphore-3.wasm")

	// Files that have the digests, but are no key, another key, or no program.
	key, program := assemble(testKey()), cannedFor(nil, 0).code(t)
	other, err := proof.SemaphoreKey(3)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		file, code []byte
		verifying  *proof.VerifyingKey
		want       string
	}{
		"no key":      {key[:12], program, testVerifying(t), "semaphore-3.zkey: the sections do not fill"},
		"another key": {key, program, other, "semaphore-3.zkey is not of the ceremony's verifying key of depth 3"},
		"no program":  {key, key, testVerifying(t), "semaphore-3.wasm: "},
	} {
		_, err := newKey(c.file, c.code, 3, c.verifying, own)
		require.ErrorIs(t, err, proof.ErrMalformed, name)
		require.ErrorContains(t, err, c.want, name)
	}
}

func TestDigestsAreOfAllDepths(t *testing.T) {
	seen := map[[32]byte]bool{}
	for depth := 1; depth <= proof.MaxSemaphoreDepth; depth++ {
		digest, err := Digest(depth)
		require.NoError(t, err)
		wasm, err := published(wasmName(depth))
		require.NoError(t, err)
		seen[digest], seen[wasm] = true, true
	}
	require.Len(t, seen, 64)
	for _, depth := range []int{-1, 0, 33} {
		_, err := Digest(depth)
		require.ErrorIs(t, err, proof.ErrMalformed)
	}
}

func FuzzZkey(f *testing.F) {
	f.Add(assemble(testKey()))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parse(b)
		if err == nil {
			require.Len(t, p.b2, len(p.a))
			require.Len(t, p.c, len(p.a)-public-1)
			require.Len(t, p.h, int(p.domain.Cardinality))
		}
	})
}

// unopened panics when one file is opened, and says what it is all the same.
type unopened struct {
	fstest.MapFS
	name string
}

func (u unopened) Open(name string) (fs.File, error) {
	if name == u.name {
		panic("a file that is not regular was opened")
	}
	return u.MapFS.Open(name)
}

// torn is a file system whose files open and cannot be read.
type torn struct{ fstest.MapFS }

func (f torn) Open(name string) (fs.File, error) {
	file, err := f.MapFS.Open(name)
	return tornFile{file}, err
}

type tornFile struct{ fs.File }

func (tornFile) Read([]byte) (int, error) { return 0, fs.ErrPermission }

// shut is a file system whose files are there and do not open.
type shut struct{ fstest.MapFS }

func (shut) Open(string) (fs.File, error) { return nil, fs.ErrPermission }

func TestReadTellsADiskThatFails(t *testing.T) {
	_, err := read(shut{fstest.MapFS{"key": {}}}, "key", 10, [32]byte{})
	require.ErrorIs(t, err, fs.ErrPermission)
	_, err = read(torn{fstest.MapFS{"key": {}}}, "key", 10, [32]byte{})
	require.ErrorIs(t, err, fs.ErrPermission)
	require.ErrorContains(t, err, "reading key")
}
