"""Writes a llama of one layer with random weights and a vocabulary of single characters as GGUF.

It answers nonsense at once, and under a grammar nonsense of the right form: for trying out what a real
server does with requests.
"""
import sys

import gguf
import numpy

WIDTH, HEADS, INNER, CONTEXT = 32, 2, 64, 8192
TEMPLATE = "{% for message in messages %}[{{ message.role }}] {{ message.content }}\n{% endfor %}[assistant] "


def vocabulary():
    """Pieces of a SentencePiece vocabulary with their kinds: special, all bytes, printable ASCII."""
    kind = gguf.TokenType
    yield "<unk>", kind.UNKNOWN
    yield "<s>", kind.CONTROL
    yield "</s>", kind.CONTROL
    for byte in range(256):
        yield f"<0x{byte:02X}>", kind.BYTE
    yield "\u2581", kind.NORMAL
    for code in range(0x21, 0x7F):
        yield chr(code), kind.NORMAL


def main(path):
    draw = numpy.random.default_rng(1)
    pieces = list(vocabulary())
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(pieces))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([piece for piece, _ in pieces])
    writer.add_token_scores([0.0 if kind == gguf.TokenType.NORMAL else -1e3 for _, kind in pieces])
    writer.add_token_types([kind for _, kind in pieces])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(TEMPLATE)

    def tensor(name, *shape):
        values = draw.normal(0, 1 / numpy.sqrt(shape[-1]), shape)
        if name.endswith("norm.weight"):
            values = numpy.ones(shape)
        writer.add_tensor(name, values.astype(numpy.float32))

    tensor("token_embd.weight", len(pieces), WIDTH)
    tensor("blk.0.attn_norm.weight", WIDTH)
    for part in ["q", "k", "v", "output"]:
        tensor(f"blk.0.attn_{part}.weight", WIDTH, WIDTH)
    tensor("blk.0.ffn_norm.weight", WIDTH)
    tensor("blk.0.ffn_gate.weight", INNER, WIDTH)
    tensor("blk.0.ffn_up.weight", INNER, WIDTH)
    tensor("blk.0.ffn_down.weight", WIDTH, INNER)
    tensor("output_norm.weight", WIDTH)
    tensor("output.weight", len(pieces), WIDTH)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main(sys.argv[1])
