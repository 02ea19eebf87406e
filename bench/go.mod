// Scrutin and its peers, measured side by side. A module of its own, so that nobody who imports the
// project takes the peers.
module github.com/scrutin/scrutin/bench

go 1.26.8

replace github.com/scrutin/scrutin => ..

require (
	github.com/consensys/gnark v0.16.2
	github.com/consensys/gnark-crypto v0.22.0
	github.com/iden3/go-iden3-crypto v0.0.17
	github.com/iden3/go-rapidsnark/prover v0.0.15
	github.com/iden3/go-rapidsnark/witness/v2 v2.0.0
	github.com/iden3/go-rapidsnark/witness/wazero v0.0.0-20230524142950-0986cf057d4e
	github.com/scrutin/scrutin v0.0.0
	go.dedis.ch/kyber/v3 v3.1.0
	golang.org/x/mod v0.41.0
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect

require (
	filippo.io/edwards25519 v1.2.0 // indirect
	github.com/bits-and-blooms/bitset v1.25.0 // indirect
	github.com/blang/semver/v4 v4.0.0 // indirect
	github.com/dchest/blake512 v1.0.0 // indirect
	github.com/fxamacker/cbor/v2 v2.9.2 // indirect
	github.com/google/pprof v0.0.0-20260802141513-ef3492d7dac3 // indirect
	github.com/gowebpki/jcs v1.0.2 // indirect
	github.com/iden3/go-rapidsnark/types v0.0.3 // indirect
	github.com/mattn/go-colorable v0.1.15 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/ronanh/intcomp v1.1.1 // indirect
	github.com/rs/zerolog v1.35.1 // indirect
	github.com/stretchr/testify v1.12.1
	github.com/tetratelabs/wazero v1.12.0 // indirect
	github.com/x448/float16 v0.8.4 // indirect
	go.dedis.ch/fixbuf v1.0.3 // indirect
	golang.org/x/crypto v0.57.0 // indirect
	golang.org/x/sync v0.23.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.42.0 // indirect
)
