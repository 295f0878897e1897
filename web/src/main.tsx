import { render } from 'preact';
import { App } from './app.js';
import { fixBase } from './base.js';
import { startRouter } from './router.js';
import './style/main.css';

fixBase();
startRouter();
render(<App />, document.getElementById('app') as HTMLElement);
