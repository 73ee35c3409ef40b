def one_bias(rnn: nn.RNNBase) -> nn.RNNBase:
    """Fix the second bias of an RNN at zero: torch trains two, Keras has one."""
    for name, bias in list(rnn.named_parameters()):
        if name.startswith("bias_hh"):
            zeros = torch.zeros_like(bias)
            delattr(rnn, name)
            rnn.register_buffer(name, zeros, persistent=False)
            setattr(rnn, name, zeros)  # where the RNN looks its weights up
    return rnn
